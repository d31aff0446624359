import { Auditor } from '../audit/auditor.ts';
import { shareRuns } from '../audit/share-runs.ts';
import { untilApplied } from '../audit/until-applied.ts';
import type { QueryPool } from '../pipeline/capture/query-pool.ts';
import { Limiter } from '../pipeline/expand/limiter.ts';
import { readValue } from '../pipeline/expand/read-value.ts';
import type { ValueReader } from '../pipeline/redis/value-reader.ts';

/** One connection of the pool stays free for the question how far the daemon is. */
const QUERIES_AT_ONCE = 3;

export interface AuditorServers {
  readonly pool: Pick<QueryPool, 'query' | 'textQuery'>;
  readonly slot: string;
  readonly values: Pick<ValueReader, 'read'>;
  /** How long a change may be on its way. */
  readonly withinMs: number;
}

/** An auditor that reads values just as the daemon would write them. */
export function openAuditor({ pool, slot, values, withinMs }: AuditorServers, signal: AbortSignal): Auditor {
  const limiter = new Limiter(QUERIES_AT_ONCE);
  return new Auditor({
    read: (keys) => values.read(keys),
    expect: ({ template, values: bound }) =>
      limiter.run(() => readValue(pool.textQuery, { action: template.reading, values: bound })),
    untilApplied: shareRuns(() => untilApplied(pool.query, slot, withinMs, signal)),
    withinMs,
    nowMs: () => performance.now(),
  });
}
