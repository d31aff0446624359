import { setTimeout as sleep } from 'node:timers/promises';
import type { Settings } from '../config/settings.ts';
import type { Log } from '../domain/log.ts';
import type { Rule } from '../domain/rule.ts';
import { QueryPool } from '../pipeline/capture/query-pool.ts';
import { ReplicationStream } from '../pipeline/capture/replication-stream.ts';
import { BatchQueue } from '../pipeline/queue/batch-queue.ts';
import { PrimaryProbe } from '../pipeline/ready/primary-probe.ts';
import { VisibilityGate } from '../pipeline/ready/visibility-gate.ts';
import { connectRedis } from '../pipeline/redis/connect-redis.ts';
import { KeptText } from '../pipeline/redis/kept-text.ts';
import { LeaderToken } from '../pipeline/redis/leader-token.ts';
import { runIdOf } from '../pipeline/redis/run-id.ts';
import { SourceMarker } from '../pipeline/redis/source-marker.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { OutageLog } from '../telemetry/outage-log.ts';
import { openApplyingHalf } from './applying-half.ts';
import { checkSource, type FollowedSource, renewDaily } from './check-source.ts';
import type { DaemonStatus } from './daemon-status.ts';
import { MigrationWatch } from './migration-watch.ts';
import { readerObserver, replicaObserver } from './observers.ts';
import { openReplicas } from './open-replicas.ts';
import { purgeRules } from './purge-rules.ts';
import { RedisWatch } from './redis-watch.ts';
import { monitorSlot } from './slot-monitor.ts';
import { StreamReader } from './stream-reader.ts';
import { rootOf } from './table-root.ts';

export interface SessionOptions {
  readonly settings: Settings;
  readonly rules: readonly Rule[];
  /** Rules whose keys are purged once at the start: new ones, for what was cached before nobody kept right. */
  readonly purge: readonly Rule[];
  readonly log: Log;
  readonly metrics: Metrics;
  readonly status: DaemonStatus;
}

/**
 * One connection's life: opens new clients, hands changes from stage to stage until something ends it, closes them.
 *
 *     open -> check the source -> lead -> stream ... -> a fault: throw it
 *                                                \---> signal: stop reading -> finish what is in flight -> resolve
 *
 * @param onHealthy called once changes can flow
 * @throws StandbySignal, RetryableError, FatalError
 */
export async function runSession(
  options: SessionOptions,
  signal: AbortSignal,
  onHealthy: () => void,
): Promise<void> {
  const { rules, log, metrics, status } = options;
  const { postgres, limits, redis: redisSettings } = options.settings;
  const over = new AbortController();
  await using pool = new QueryPool(postgres.url);
  const { query } = pool;
  await using replicaPools = new AsyncDisposableStack();
  const replicas = openReplicas(postgres.replicas, replicaObserver(log), replicaPools, over.signal);

  const redis = connectRedis(redisSettings.url);
  const connectionOutage = new OutageLog(log, 'the connection to Redis');
  redis.on('ready', () => connectionOutage.works());
  redis.on('error', (error) => {
    metrics.redisFailed();
    connectionOutage.failed(error);
  });

  const following = Promise.withResolvers<{
    readonly primary: PrimaryProbe;
    readonly gate: VisibilityGate;
    readonly source: FollowedSource;
  }>();
  let epoch = 0;
  const marker = new SourceMarker(redis, postgres.slot);
  const leader = new LeaderToken(redis, postgres.slot);
  const queue = new BatchQueue({ maxKeys: limits.batchKeys, maxBytes: limits.queueBytes });
  const purge = async (purged: readonly Rule[]): Promise<void> => {
    const { gate } = await following.promise;
    await purgeRules(purged, { queue, gate, signal: over.signal });
  };
  const migrations = new MigrationWatch({
    query,
    rules,
    publication: postgres.publication,
    memory: new KeptText(redis, postgres.slot, 'catalog'),
    purge,
    noticed: (net) => metrics.migrationNoticed(net),
    log,
  });
  const redisWatch = new RedisWatch({
    runId: () => runIdOf(redis),
    memory: new KeptText(redis, postgres.slot, 'run'),
    purge: () => purge(rules),
    onReplaced: () => metrics.redisReplaced(),
    log,
  });
  const reader = new StreamReader({
    rules,
    queue,
    epoch: () => epoch,
    rootOf: (table) => rootOf(query, table),
    untilVisible: async (xid) => {
      const { primary } = await following.promise;
      await primary.untilVisible(xid, over.signal);
    },
    onMessage: (message, xid) => migrations.heard(message, xid),
    onPosition: (position) => migrations.reached(position),
    observer: readerObserver(log, metrics),
  });
  const stream = new ReplicationStream({
    ...postgres,
    onSource: async (found) => {
      const source = await checkSource(marker, found);
      await leader.look();
      epoch = source.epoch;
      const primary = new PrimaryProbe(query, source.timeline);
      following.resolve({ primary, gate: new VisibilityGate(primary, replicas), source });
    },
    onPayload: (payload) => reader.payload(payload),
    onKeepalive: (walEnd) => reader.keepalive(walEnd),
  });

  const work = async () => {
    await stream.open();
    await leader.claim();
    const { primary, gate, source } = await following.promise;
    const applying = openApplyingHalf(
      {
        ...options,
        pool,
        redis,
        leader,
        queue,
        primary,
        gate,
        replicas,
        source,
        onSettled: (settled) => stream.confirm(settled),
      },
      over.signal,
    );
    await migrations.open();
    status.streaming(applying.stalledMs);
    log.info({ slot: postgres.slot, timeline: source.timeline }, 'streaming');
    const healthy = purge(options.purge).then(onHealthy);
    const renew = async () => {
      await leader.claim();
      await marker.write(source);
    };
    await Promise.race([
      applying.work(),
      applying.audit(),
      healthy.then(applying.beat),
      migrations.run(over.signal),
      redisWatch.run(over.signal),
      renewDaily(renew, over.signal),
    ]);
  };
  const stop = async () => {
    await aborted(signal, over.signal);
    if (status.phase !== 'streaming') return;
    status.enter('draining');
    stream.stopReading();
    queue.close();
    await sleep(limits.drainMs, undefined, { signal: over.signal });
    log.warn({}, 'the drain deadline has passed; what is in flight will be delivered again');
  };

  try {
    const monitored = monitorSlot({ ...postgres, query, log }, (state) => metrics.slot(state), over.signal);
    await Promise.race([stream.ended, monitored, work(), stop()]);
  } finally {
    over.abort();
    await stream.close();
    redis.disconnect();
  }
}

/** Resolves when the signal aborts; never, once `over` has. */
async function aborted(signal: AbortSignal, over: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) =>
    signal.addEventListener('abort', () => resolve(), { once: true, signal: over }),
  );
}
