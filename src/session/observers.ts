import type { Doubt } from '../domain/condition.ts';
import type { Origin } from '../domain/effect.ts';
import type { Log } from '../domain/log.ts';
import { formatTableName } from '../domain/table.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { OutageLog } from '../telemetry/outage-log.ts';
import type { WorkerObserver } from './batch-worker.ts';
import type { ReaderObserver } from './stream-reader.ts';

/** What the reading half has to tell metrics and the log. */
export function readerObserver(log: Log, metrics: Metrics): ReaderObserver {
  const doubts = new WeakSet<Doubt>();
  return {
    change: ({ kind }) => metrics.change(kind),
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
  };
}

/** What the applying half has to tell metrics and the log. @param outage of Redis refusing commands */
export function workerObserver(metrics: Metrics, outage: OutageLog): WorkerObserver {
  return {
    removed: (removals) => metrics.removed(removals),
    applied: (batch, applied) => {
      outage.works();
      metrics.removed(applied.removals);
      metrics.applied(batch, applied);
    },
    settled: (batch) => metrics.settled(batch),
    redisFailed: (error) => {
      metrics.redisFailed();
      outage.failed(error);
    },
  };
}

/** Reports the queries of rules that fail: each once a session, for a wrong one fails with every batch. */
export function queryFaultObserver(log: Log, metrics: Metrics): (origin: Origin, error: unknown) => void {
  const reported = new WeakSet<Origin>();
  return (origin, error) => {
    const { rule, template } = origin;
    metrics.queryFailed(rule);
    if (reported.has(origin)) return;
    reported.add(origin);
    log.error({ rule, template, err: error }, "a rule's query failed; its keys are deleted instead");
  };
}
