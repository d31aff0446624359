import { Auditor } from '../audit/auditor.ts';
import { confirmedPosition } from '../audit/confirmed-position.ts';
import { shareRuns } from '../audit/share-runs.ts';
import { untilApplied } from '../audit/until-applied.ts';
import { FatalError } from '../domain/errors.ts';
import { sqlState } from '../pipeline/capture/postgres-errors.ts';
import type { QueryPool } from '../pipeline/capture/query-pool.ts';
import { Limiter } from '../pipeline/expand/limiter.ts';
import { readValue } from '../pipeline/expand/read-value.ts';
import { readWalEnd } from '../pipeline/ready/read-wal-end.ts';
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
  const positions = {
    walEnd: () => readWalEnd(pool.query),
    confirmed: () => confirmedPosition(pool.query, slot),
  };
  const limiter = new Limiter(QUERIES_AT_ONCE);
  return new Auditor({
    read: (keys) => values.read(keys),
    expect: ({ template, values: bound }) =>
      limiter.run(() =>
        readValue(pool.textQuery, { action: template.reading, values: bound }).catch((error: unknown) =>
          unlessForeign(error, template.rule),
        ),
      ),
    untilApplied: shareRuns(() => untilApplied(positions, withinMs, signal)),
    withinMs,
    nowMs: () => performance.now(),
  });
}

/** Text that is no number, too great a number, no date, no character: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const NO_SUCH_VALUES = new Set(['22P02', '22003', '22007', '22008', '22021']);

/** The server's own words are left out: they quote what was bound, which came from a key. */
function unlessForeign(error: unknown, rule: string): undefined {
  const state = sqlState(error);
  if (state === undefined) throw error;
  if (NO_SUCH_VALUES.has(state)) return undefined;
  throw new FatalError(
    'PREFLIGHT_FAILED',
    `Postgres refuses the query by which rule ${rule} is verified (SQLSTATE ${state})`,
    '`freshet check` proves every query against the server',
  );
}
