import { setTimeout as sleep } from 'node:timers/promises';
import type { Settings } from '../config/settings.ts';
import type { Log } from '../domain/log.ts';
import type { SettledLsn } from '../domain/lsn.ts';
import type { Rule } from '../domain/rule.ts';
import { serverAddress } from '../domain/server-address.ts';
import type { QueryPool } from '../pipeline/capture/query-pool.ts';
import { BatchExpander } from '../pipeline/expand/batch-expander.ts';
import type { BatchQueue } from '../pipeline/queue/batch-queue.ts';
import type { PrimaryProbe } from '../pipeline/ready/primary-probe.ts';
import type { ReplicaProbe } from '../pipeline/ready/replica-probe.ts';
import type { VisibilityGate } from '../pipeline/ready/visibility-gate.ts';
import { BatchApplier } from '../pipeline/redis/batch-applier.ts';
import type { connectRedis } from '../pipeline/redis/connect-redis.ts';
import { HeartbeatWriter } from '../pipeline/redis/heartbeat-writer.ts';
import { KeySpace } from '../pipeline/redis/key-space.ts';
import type { LeaderToken } from '../pipeline/redis/leader-token.ts';
import { PurgeCursors } from '../pipeline/redis/purge-cursors.ts';
import { ValueReader } from '../pipeline/redis/value-reader.ts';
import { Backoff } from '../runtime/backoff.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { OutageLog } from '../telemetry/outage-log.ts';
import { BatchWorker } from './batch-worker.ts';
import type { FollowedSource } from './check-source.ts';
import { Heartbeat } from './heartbeat.ts';
import { expanderObserver, workerObserver } from './observers.ts';
import { openContinuousAudit } from './open-continuous-audit.ts';
import { SecondDeletes } from './second-deletes.ts';
import { untilDone } from './until-done.ts';

export interface ApplyingHalfOptions {
  readonly settings: Settings;
  readonly rules: readonly Rule[];
  readonly pool: QueryPool;
  readonly redis: ReturnType<typeof connectRedis>;
  readonly leader: LeaderToken;
  readonly queue: BatchQueue;
  readonly primary: PrimaryProbe;
  readonly gate: VisibilityGate;
  readonly replicas: readonly ReplicaProbe[];
  readonly source: FollowedSource;
  /** Everything up to here is done. */
  readonly onSettled: (settled: SettledLsn) => void;
  readonly metrics: Metrics;
  readonly log: Log;
}

/** What becomes of batches, and what goes on beside them. Each of its tasks ends with the signal or a fault. */
export interface ApplyingHalf {
  /** Until the queue is closed and everything in it is done. */
  readonly work: () => Promise<void>;
  /** Tells clients how far the daemon is. */
  readonly beat: () => Promise<void>;
  /** Compares cached keys with the database. */
  readonly audit: () => Promise<void>;
  /** For how long nothing was settled although there is something in flight. */
  readonly stalledMs: () => number;
}

/** Wires ready, expand, redis and settle: from a queue of batches to positions that may be confirmed. */
export function openApplyingHalf(options: ApplyingHalfOptions, signal: AbortSignal): ApplyingHalf {
  const { settings, rules, pool, redis, leader, queue, gate, replicas, source, metrics, log } = options;
  const { postgres, retry, verify } = settings;
  const { slot } = postgres;
  const heartbeat = new Heartbeat({
    primary: options.primary,
    writer: new HeartbeatWriter(redis, slot),
    log,
  });
  const cursors = new PurgeCursors(redis, {
    slot,
    source: [source.epoch, ...postgres.replicas.map(serverAddress)].join(),
    leader,
    onResume: () => metrics.purges.resumed(),
  });
  const applier = new BatchApplier(redis, leader, { cursors, observer: metrics.purges });
  const servers = { pool, keySpace: new KeySpace(redis), values: new ValueReader(redis) };
  const audit = openContinuousAudit(
    { ...servers, rules, slot, intervalMs: verify.intervalMs },
    metrics,
    log,
    signal,
  );
  // Apart from the connection: one that works carries refusals as well, and is made anew for some of them.
  const outages = { commands: new OutageLog(log, 'Redis'), values: new OutageLog(log, 'storing values') };
  const observer = workerObserver(metrics, outages, audit);
  const onFault = (error: unknown): void => observer.redisFailed(error);
  const secondDeletes = new SecondDeletes({
    remove: async (batch) => {
      const remove = () => applier.remove(batch, signal);
      metrics.deletedAgain(await untilDone(remove, { backoff: new Backoff(retry), onFault }, signal));
    },
    wait: (ms) => sleep(ms, undefined, { signal }),
    onFault: (error) => queue.fail(error),
  });
  const worker = new BatchWorker({
    queue,
    gate,
    expander: new BatchExpander({ query: pool.textQuery, ...expanderObserver(log, metrics, pool.query) }),
    applier,
    backoff: new Backoff(retry),
    secondDeletes,
    onSettled: (settled) => {
      heartbeat.settled(settled);
      secondDeletes.whenDone(() => options.onSettled(settled));
    },
    observer,
  });
  metrics.watch({
    batches: () => worker.inFlight,
    invisibleBatches: () => gate.waiting,
    queueBytes: () => queue.outstandingBytes,
    oldestCommitMs: () => worker.oldestCommitMs,
    freshnessLagMs: () => heartbeat.lagMs,
    replicas,
  });
  return {
    work: async () => {
      await worker.run(signal);
      await new Promise<void>((resolve) => secondDeletes.whenDone(resolve));
    },
    beat: () => heartbeat.run(signal),
    audit: () => audit.run(signal),
    stalledMs: () => worker.stalledMs,
  };
}
