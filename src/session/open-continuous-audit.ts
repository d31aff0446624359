import { auditTemplates } from '../audit/audited-template.ts';
import { ContinuousAudit } from '../audit/continuous-audit.ts';
import type { Log } from '../domain/log.ts';
import type { Rule } from '../domain/rule.ts';
import type { QueryPool } from '../pipeline/capture/query-pool.ts';
import type { KeySpace } from '../pipeline/redis/key-space.ts';
import type { ValueReader } from '../pipeline/redis/value-reader.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { OutageLog } from '../telemetry/outage-log.ts';
import { openAuditor } from './open-auditor.ts';

/** How long a change may be on its way before the audit leaves a key undecided. */
const WITHIN_MS = 10_000;

export interface ContinuousAuditServers {
  readonly rules: readonly Rule[];
  readonly pool: QueryPool;
  readonly keySpace: Pick<KeySpace, 'random'>;
  readonly values: Pick<ValueReader, 'read'>;
  readonly slot: string;
  readonly intervalMs: number;
}

/** The audit that runs beside the daemon's work. A stale key is counted and its rule logged; keys hold values of rows. */
export function openContinuousAudit(
  { rules, pool, keySpace, values, slot, intervalMs }: ContinuousAuditServers,
  metrics: Metrics,
  log: Log,
  signal: AbortSignal,
): ContinuousAudit {
  const outage = new OutageLog(log, 'the audit of cached keys');
  const { audited, ownerOf } = auditTemplates(rules);
  return new ContinuousAudit({
    templates: audited,
    ownerOf,
    auditor: openAuditor({ pool, slot, values, withinMs: WITHIN_MS }, signal),
    randomKey: () => keySpace.random(),
    intervalMs,
    onJudged: ({ template: { rule, template }, verdict, ttlMs }) => {
      outage.works();
      metrics.audited(rule, verdict.kind);
      if (verdict.kind !== 'stale') return;
      const remedy = '`freshet verify` names the keys, and with --repair deletes them';
      log.error({ rule, template, how: verdict.how, ttlMs, remedy }, 'a cached key is stale');
    },
    onFault: (error) => outage.failed(error),
  });
}
