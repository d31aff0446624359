import { setTimeout as sleep } from 'node:timers/promises';
import type { Settings } from '../config/settings.ts';
import type { Doubt } from '../domain/condition.ts';
import type { Log } from '../domain/log.ts';
import type { Rule } from '../domain/rule.ts';
import { formatTableName } from '../domain/table.ts';
import { QueryPool } from '../pipeline/capture/query-pool.ts';
import { ReplicationStream } from '../pipeline/capture/replication-stream.ts';
import { BatchExpander } from '../pipeline/expand/batch-expander.ts';
import { BatchQueue } from '../pipeline/queue/batch-queue.ts';
import { VisibilityGate } from '../pipeline/ready/visibility-gate.ts';
import { BatchApplier } from '../pipeline/redis/batch-applier.ts';
import { connectRedis } from '../pipeline/redis/connect-redis.ts';
import { SourceMarker } from '../pipeline/redis/source-marker.ts';
import { Backoff } from '../runtime/backoff.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { OutageLog } from '../telemetry/outage-log.ts';
import { BatchWorker } from './batch-worker.ts';
import { checkSource, type FollowedSource, rememberSource } from './check-source.ts';
import type { DaemonStatus } from './daemon-status.ts';
import { monitorSlot } from './slot-monitor.ts';
import { StreamReader } from './stream-reader.ts';
import { rootOf } from './table-root.ts';

export interface SessionOptions {
  readonly settings: Settings;
  readonly rules: readonly Rule[];
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
  const {
    postgres,
    limits,
    retry,
    redis: { url: redisUrl },
  } = options.settings;
  const over = new AbortController();
  await using pool = new QueryPool(postgres.url);

  const redis = connectRedis(redisUrl);
  const connectionOutage = new OutageLog(log, 'the connection to Redis');
  redis.on('error', (error) => {
    metrics.redisFailed();
    connectionOutage.failed(error);
  });
  redis.on('ready', () => connectionOutage.works());
  // Apart from the connection: one that works carries refusals as well, and is made anew for some of them.
  const commandOutage = new OutageLog(log, 'Redis');

  const marker = new SourceMarker(redis, postgres.slot);
  const following = Promise.withResolvers<{ gate: VisibilityGate; source: FollowedSource }>();
  let epoch = 0;
  const doubts = new WeakSet<Doubt>();
  const queue = new BatchQueue({ maxKeys: limits.batchKeys, maxBytes: limits.queueBytes });
  const reader = new StreamReader({
    rules,
    queue,
    epoch: () => epoch,
    rootOf: (table) => rootOf(pool.query, table),
    untilVisible: async (xid) => {
      const { gate } = await following.promise;
      await gate.untilFewer(new Set([xid]), over.signal);
    },
    observer: {
      change: (kind) => metrics.change(kind),
      planned: (planned) => metrics.planned(planned),
      shadowed: (planned) => metrics.shadowed(planned),
      doubted: (rule, doubt) => {
        metrics.doubted(rule.name);
        if (doubts.has(doubt)) return;
        doubts.add(doubt);
        const { kind, message } = doubt;
        log.warn({ rule: rule.name, kind, message }, 'a condition cannot be decided and counts as true');
      },
      columnsMissing: (table, columns) =>
        log.error(
          { table: formatTableName(table), columns },
          'a table lacks columns that its rules read; every change purges all keys of those templates: mend the rules',
        ),
    },
  });
  const stream = new ReplicationStream({
    ...postgres,
    onSource: async (found) => {
      const source = await checkSource(marker, found);
      epoch = source.epoch;
      following.resolve({ source, gate: new VisibilityGate(pool.query, source.timeline) });
    },
    onPayload: (payload) => reader.payload(payload),
    onKeepalive: (walEnd) => reader.keepalive(walEnd),
  });

  const work = async () => {
    await stream.open();
    const { gate, source } = await following.promise;
    const applier = new BatchApplier(redis);
    const expander = new BatchExpander({
      query: pool.query,
      existing: (keys) => applier.existing(keys),
      onFault: ({ rule, template }, error) => {
        metrics.queryFailed(rule);
        log.error({ rule, template, err: error }, "a rule's query failed; its keys are deleted instead");
      },
    });
    const worker = new BatchWorker({
      queue,
      gate,
      expander,
      applier,
      backoff: new Backoff(retry),
      onSettled: (settled) => {
        status.advanced();
        stream.confirm(settled);
      },
      observer: {
        removed: (removals) => metrics.removed(removals),
        applied: (batch, applied) => {
          commandOutage.works();
          metrics.removed(applied.removals);
          metrics.applied(batch, applied);
        },
        settled: (batch) => metrics.settled(batch),
        redisFailed: (error) => {
          metrics.redisFailed();
          commandOutage.failed(error);
        },
      },
    });
    metrics.watch({
      batches: () => worker.inFlight,
      invisibleBatches: () => gate.waiting,
      queueBytes: () => queue.outstandingBytes,
      oldestCommitMs: () => worker.oldestCommitMs,
    });
    status.streaming(() => worker.inFlight);
    log.info({ slot: postgres.slot, timeline: source.timeline }, 'streaming');
    onHealthy();
    await Promise.race([worker.run(over.signal), rememberSource(marker, source, over.signal)]);
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
    const monitored = monitorSlot(
      { ...postgres, query: pool.query, log },
      (state) => metrics.slot(state),
      over.signal,
    );
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
