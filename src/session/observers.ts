import type { ContinuousAudit } from '../audit/continuous-audit.ts';
import type { Doubt } from '../domain/condition.ts';
import type { Origin } from '../domain/effect.ts';
import { FatalError, ResultTooLargeError, RetryableError } from '../domain/errors.ts';
import type { Log } from '../domain/log.ts';
import type { Query } from '../domain/query.ts';
import type { SqlTemplate } from '../domain/sql-template.ts';
import { formatTableName } from '../domain/table.ts';
import type { ExpanderOptions } from '../pipeline/expand/batch-expander.ts';
import type { ReplicaObserver } from '../pipeline/ready/replica-probe.ts';
import type { connectRedis } from '../pipeline/redis/connect-redis.ts';
import { missingGrants } from '../sql/missing-grants.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { OutageLog } from '../telemetry/outage-log.ts';
import type { ShadowLog } from '../telemetry/shadow-log.ts';
import type { WorkerObserver } from './batch-worker.ts';
import type { ReaderObserver } from './stream-reader.ts';

/** What the reading half has to tell metrics and the log. */
export function readerObserver(log: Log, metrics: Metrics, shadowLog: ShadowLog): ReaderObserver {
  const doubts = new WeakSet<Doubt>();
  const reported = new Set<string>();
  return {
    change: ({ kind }) => metrics.change(kind),
    planned: (planned) => metrics.planned(planned),
    shadowed: (planned) => {
      metrics.shadowed(planned);
      shadowLog.count(planned);
    },
    doubted: (rule, doubt) => {
      metrics.doubted(rule.name);
      if (doubts.has(doubt)) return;
      doubts.add(doubt);
      const { kind, message, offset } = doubt;
      // Each partition has doubts of its own about the same place.
      const place = `${rule.name} ${kind} ${offset}`;
      if (reported.has(place)) return;
      reported.add(place);
      log.warn({ rule: rule.name, kind, message }, 'a condition cannot be decided and counts as true');
    },
    columnsMissing: (table, columns) =>
      log.error(
        { table: formatTableName(table), columns },
        'a table lacks columns that its rules read; every change purges all keys of those templates: mend the rules',
      ),
  };
}

/** What the applying half has to tell metrics, log and audit. @param outages of Redis refusing commands, or values alone */
export function workerObserver(
  metrics: Metrics,
  outages: { readonly commands: OutageLog; readonly values: OutageLog },
  audit: Pick<ContinuousAudit, 'offer'>,
): WorkerObserver {
  return {
    removedEarly: (removals) => metrics.removedEarly(removals),
    applied: (batch, applied) => {
      outages.commands.works();
      if (applied.full > 0)
        outages.values.failed(new RetryableError('Redis is full; keys are removed instead'));
      else if (applied.written > 0) outages.values.works();
      metrics.applied(batch, applied);
      audit.offer(batch);
    },
    settled: (batch) => metrics.settled(batch),
    redisFailed: (error) => {
      metrics.redisFailed();
      outages.commands.failed(error);
    },
  };
}

/** What queries of rules have to tell: a fault once a session, for a wrong one fails with every batch. */
export function expanderObserver(
  log: Log,
  metrics: Metrics,
  query: Query,
): Pick<ExpanderOptions, 'onFault' | 'onOverflow' | 'onCircuit'> {
  const reported = new WeakSet<Origin>();
  const isFirst = (origin: Origin): boolean => {
    if (reported.has(origin)) return false;
    reported.add(origin);
    return true;
  };
  const report = async ({ rule, template }: Origin, sql: SqlTemplate, error: unknown): Promise<void> => {
    const isDenied = error instanceof FatalError && error.code === 'DENIED';
    const grants = isDenied ? await missingGrants(query, sql).catch(() => []) : [];
    const remedy = grants.length === 0 ? '`freshet check` proves it against the server' : grants.join('\n');
    const fault = tellsNoValue(error) ? { err: error } : { code: sqlStateOf(error) };
    log.error({ rule, template, ...fault, remedy }, "a rule's query failed; its keys are removed instead");
  };
  return {
    onFault: (origin, sql, error) => {
      metrics.queryFailed(origin.rule);
      if (isFirst(origin)) void report(origin, sql, error);
    },
    onOverflow: (origin, maxRows) => {
      const { rule, template } = origin;
      metrics.fanOutOverflowed(rule);
      if (!isFirst(origin)) return;
      log.warn(
        { rule, template, maxRows },
        'a query found more keys than maxRows; all of its keys are purged',
      );
    },
    onCircuit: ({ rule, template }, event) => {
      switch (event) {
        case 'opened':
          log.warn(
            { rule, template, remedy: 'make the query faster: EXPLAIN shows which index it lacks' },
            "a rule's query took too long in each of the last batches; for a while it is asked no more than once a minute, and otherwise its keys are removed at once",
          );
          return;
        case 'skipped':
          metrics.querySkipped(rule);
          return;
        case 'closed':
          log.info({ rule, template }, "a rule's query answers in time again, and is asked with every batch");
      }
    },
  };
}

/** What the connection to Redis has to tell: that it is lost, and back. */
export function observeRedis(redis: ReturnType<typeof connectRedis>, log: Log, metrics: Metrics): void {
  const outage = new OutageLog(log, 'the connection to Redis');
  redis.on('ready', () => outage.works());
  redis.on('error', (error) => {
    metrics.redisFailed();
    outage.failed(error);
  });
}

/** What replicas have to tell that hold up confirmations: keys go at once, but may come back from such a replica. */
export function replicaObserver(log: Log): ReplicaObserver {
  return {
    heldUp: (replica, trouble, error) => {
      switch (trouble) {
        case 'unreachable':
          log.warn(
            { replica, err: error },
            'a replica cannot be asked; nothing is confirmed until it answers',
          );
          return;
        case 'behind':
          log.warn({ replica }, 'a replica replays late; nothing is confirmed that its readers do not see');
          return;
        case 'promoted':
          log.error(
            { replica, remedy: 'take it out of postgres.replicas, or make it a standby again' },
            'a server in postgres.replicas is not a standby any more; nothing is confirmed while it is listed',
          );
      }
    },
    caughtUp: (replica, heldUpMs) =>
      log.info({ replica, heldUpMs: Math.round(heldUpMs) }, 'a replica has caught up'),
  };
}

/** Ours, or about names: those about data (class 22) and those that functions raise quote values of rows. */
function tellsNoValue(error: unknown): boolean {
  const isOurs = [FatalError, RetryableError, ResultTooLargeError].some((family) => error instanceof family);
  return isOurs || /^(42|0A|54)/.test(sqlStateOf(error));
}

function sqlStateOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
