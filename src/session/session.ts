import { setTimeout as sleep } from 'node:timers/promises';
import type { Settings } from '../config/settings.ts';
import type { Log } from '../domain/log.ts';
import type { SettledLsn } from '../domain/lsn.ts';
import type { Rule } from '../domain/rule.ts';
import { QueryPool } from '../pipeline/capture/query-pool.ts';
import { ReplicationStream } from '../pipeline/capture/replication-stream.ts';
import { BatchQueue } from '../pipeline/queue/batch-queue.ts';
import { PrimaryProbe } from '../pipeline/ready/primary-probe.ts';
import type { ReplicaProbe } from '../pipeline/ready/replica-probe.ts';
import { VisibilityGate } from '../pipeline/ready/visibility-gate.ts';
import { connectRedis } from '../pipeline/redis/connect-redis.ts';
import { LeaderToken } from '../pipeline/redis/leader-token.ts';
import { SourceMarker } from '../pipeline/redis/source-marker.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { openApplyingHalf } from './applying-half.ts';
import { checkSource, keepRenewing } from './check-source.ts';
import type { DaemonStatus } from './daemon-status.ts';
import { observeRedis, replicaObserver } from './observers.ts';
import { openReplicas } from './open-replicas.ts';
import { openReadingHalf } from './reading-half.ts';
import { monitorSlot } from './slot-monitor.ts';

export interface SessionOptions {
  readonly settings: Settings;
  readonly rules: readonly Rule[];
  readonly log: Log;
  readonly metrics: Metrics;
  readonly status: DaemonStatus;
}

/** A session that is open. */
interface Session extends SessionOptions {
  readonly pool: QueryPool;
  readonly replicas: readonly ReplicaProbe[];
  readonly redis: ReturnType<typeof connectRedis>;
  readonly stream: ReplicationStream;
  readonly queue: BatchQueue;
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
  const { log, metrics } = options;
  const { postgres, limits, redis: redisSettings } = options.settings;
  const over = new AbortController();
  // Closes the last first.
  await using open = new AsyncDisposableStack();
  const pool = open.use(new QueryPool(postgres.url));
  const replicas = openReplicas(postgres.replicas, replicaObserver(log), open, over.signal);
  const redis = open.adopt(connectRedis(redisSettings.url), (client) => client.disconnect());
  observeRedis(redis, log, metrics);
  const stream = open.adopt(new ReplicationStream(postgres), (opened) => opened.close());
  open.defer(() => over.abort());
  const queue = new BatchQueue({ maxKeys: limits.batchKeys, maxBytes: limits.queueBytes });

  const session: Session = { ...options, pool, replicas, redis, stream, queue };
  await Promise.race([
    stream.ended,
    monitorSlot({ ...postgres, query: pool.query, log }, (state) => metrics.slot.show(state), over.signal),
    follow(session, onHealthy, over.signal),
    drain(session, signal, over.signal),
  ]);
}

/** Resolves when the queue was closed and everything in it is done. */
async function follow(session: Session, onHealthy: () => void, over: AbortSignal): Promise<void> {
  const { pool, replicas, redis, stream, log, status } = session;
  const { slot } = session.settings.postgres;
  const marker = new SourceMarker(redis, slot);
  const leader = new LeaderToken(redis, slot);

  const source = await checkSource(marker, await stream.connect());
  const primary = new PrimaryProbe(pool.query, source.timeline);
  const gate = new VisibilityGate(primary, replicas);
  const reading = openReadingHalf({ ...session, query: pool.query, leader, primary, gate, source }, over);

  await leader.look();
  await reading.start();
  await leader.claim();
  await reading.adopt();

  const onSettled = (settled: SettledLsn) => stream.confirm(settled);
  const applying = openApplyingHalf({ ...session, leader, primary, gate, source, onSettled }, over);
  await reading.catchUp();
  status.streaming(applying.stalledMs);
  log.info({ slot, timeline: source.timeline }, 'streaming');
  const healthy = reading.purged.then(onHealthy);
  const renew = () => Promise.all([leader.renew(), marker.write(source), reading.renew()]);
  await Promise.race([
    applying.work(),
    applying.audit(),
    healthy.then(applying.beat),
    reading.watch(),
    keepRenewing(renew, over),
  ]);
}

/** Once the signal aborts: has what was read be done, for as long as the settings allow. */
async function drain(
  { stream, queue, status, settings, log }: Session,
  signal: AbortSignal,
  over: AbortSignal,
): Promise<void> {
  await aborted(signal, over);
  if (status.phase !== 'streaming') return;
  status.enter('draining');
  stream.stopReading();
  queue.close();
  await sleep(settings.limits.drainMs, undefined, { signal: over });
  log.warn({}, 'the drain deadline has passed; what is in flight will be delivered again');
}

/** Resolves when the signal aborts; never, once `over` has. */
async function aborted(signal: AbortSignal, over: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) =>
    signal.addEventListener('abort', () => resolve(), { once: true, signal: over }),
  );
}
