import { setTimeout as sleep } from 'node:timers/promises';
import type { Settings } from '../config/settings.ts';
import type { Log } from '../domain/log.ts';
import type { Rule } from '../domain/rule.ts';
import { QueryPool } from '../pipeline/capture/query-pool.ts';
import { ReplicationStream } from '../pipeline/capture/replication-stream.ts';
import { BatchExpander } from '../pipeline/expand/batch-expander.ts';
import { planPurge } from '../pipeline/plan/plan-purge.ts';
import { BatchQueue } from '../pipeline/queue/batch-queue.ts';
import { VisibilityGate } from '../pipeline/ready/visibility-gate.ts';
import { BatchApplier } from '../pipeline/redis/batch-applier.ts';
import { CatalogMemory } from '../pipeline/redis/catalog-memory.ts';
import { connectRedis } from '../pipeline/redis/connect-redis.ts';
import { SourceMarker } from '../pipeline/redis/source-marker.ts';
import { Backoff } from '../runtime/backoff.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { OutageLog } from '../telemetry/outage-log.ts';
import { BatchWorker } from './batch-worker.ts';
import { checkSource, type FollowedSource, rememberSource } from './check-source.ts';
import type { DaemonStatus } from './daemon-status.ts';
import { MigrationWatch } from './migration-watch.ts';
import { expanderObserver, readerObserver, workerObserver } from './observers.ts';
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
 *     open -> check the source -> stream ... -> a fault: throw it
 *                                        \---> signal: stop reading -> finish what is in flight -> resolve
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
  const { postgres, limits, retry, redis: redisSettings } = options.settings;
  const over = new AbortController();
  await using pool = new QueryPool(postgres.url);
  const { query } = pool;

  const redis = connectRedis(redisSettings.url);
  const connectionOutage = new OutageLog(log, 'the connection to Redis');
  redis.on('ready', () => connectionOutage.works());
  redis.on('error', (error) => {
    metrics.redisFailed();
    connectionOutage.failed(error);
  });

  const following = Promise.withResolvers<{ gate: VisibilityGate; source: FollowedSource }>();
  let epoch = 0;
  const marker = new SourceMarker(redis, postgres.slot);
  const queue = new BatchQueue({ maxKeys: limits.batchKeys, maxBytes: limits.queueBytes });
  const purge = (purged: readonly Rule[]): Promise<void> =>
    queue.interject(purged.filter(({ mode }) => mode === 'live').flatMap((rule) => planPurge(rule)));
  const migrations = new MigrationWatch({
    query,
    rules,
    publication: postgres.publication,
    memory: new CatalogMemory(redis, postgres.slot),
    purge,
    noticed: (net) => metrics.migrationNoticed(net),
    log,
  });
  const reader = new StreamReader({
    rules,
    queue,
    epoch: () => epoch,
    rootOf: (table) => rootOf(query, table),
    untilVisible: async (xid) => {
      const { gate } = await following.promise;
      await gate.untilFewer(new Set([xid]), over.signal);
    },
    onMessage: (message, xid) => migrations.heard(message, xid),
    onPosition: (position) => migrations.reached(position),
    observer: readerObserver(log, metrics),
  });
  const stream = new ReplicationStream({
    ...postgres,
    onSource: async (found) => {
      const source = await checkSource(marker, found);
      epoch = source.epoch;
      following.resolve({ source, gate: new VisibilityGate(query, source.timeline) });
    },
    onPayload: (payload) => reader.payload(payload),
    onKeepalive: (walEnd) => reader.keepalive(walEnd),
  });

  const work = async () => {
    await stream.open();
    const { gate, source } = await following.promise;
    const applier = new BatchApplier(redis);
    const worker = new BatchWorker({
      queue,
      gate,
      expander: new BatchExpander({
        query: pool.textQuery,
        ...expanderObserver(log, metrics, query),
      }),
      applier,
      backoff: new Backoff(retry),
      onSettled: (settled) => stream.confirm(settled),
      // Apart from the connection: one that works carries refusals as well, and is made anew for some of them.
      observer: workerObserver(metrics, new OutageLog(log, 'Redis')),
    });
    metrics.watch({
      batches: () => worker.inFlight,
      invisibleBatches: () => gate.waiting,
      queueBytes: () => queue.outstandingBytes,
      oldestCommitMs: () => worker.oldestCommitMs,
    });
    await migrations.open();
    status.streaming(() => worker.stalledMs);
    log.info({ slot: postgres.slot, timeline: source.timeline }, 'streaming');
    void purge(options.purge).then(onHealthy);
    const upkeep = [migrations.run(over.signal), rememberSource(marker, source, over.signal)];
    await Promise.race([worker.run(over.signal), ...upkeep]);
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
