import type { Doubt } from '../domain/condition.ts';
import type { Origin } from '../domain/effect.ts';
import { FatalError, ResultTooLargeError, RetryableError } from '../domain/errors.ts';
import type { Log } from '../domain/log.ts';
import type { Query } from '../domain/query.ts';
import type { SqlTemplate } from '../domain/sql-template.ts';
import { formatTableName } from '../domain/table.ts';
import type { ExpanderOptions } from '../pipeline/expand/batch-expander.ts';
import { missingGrants } from '../sql/missing-grants.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { OutageLog } from '../telemetry/outage-log.ts';
import type { WorkerObserver } from './batch-worker.ts';
import type { ReaderObserver } from './stream-reader.ts';

/** What the reading half has to tell metrics and the log. */
export function readerObserver(log: Log, metrics: Metrics): ReaderObserver {
  const doubts = new WeakSet<Doubt>();
  const reported = new Set<string>();
  return {
    change: ({ kind }) => metrics.change(kind),
    planned: (planned) => metrics.planned(planned),
    shadowed: (planned) => metrics.shadowed(planned),
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

/** What the applying half has to tell metrics and the log. @param outage of Redis refusing commands */
export function workerObserver(metrics: Metrics, outage: OutageLog): WorkerObserver {
  return {
    removedEarly: (removals) => metrics.removedEarly(removals),
    applied: (batch, applied) => {
      outage.works();
      metrics.applied(batch, applied);
    },
    settled: (batch) => metrics.settled(batch),
    redisFailed: (error) => {
      metrics.redisFailed();
      outage.failed(error);
    },
  };
}

/** What queries of rules have to tell: each once a session, for a wrong one fails with every batch. */
export function expanderObserver(
  log: Log,
  metrics: Metrics,
  query: Query,
): Pick<ExpanderOptions, 'onFault' | 'onOverflow'> {
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
