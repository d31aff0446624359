import type { LockingQuery, Query } from '../../domain/query.ts';
import type { IndexStatement, Statement } from '../../domain/statement.ts';
import type { MendOutcome } from './apply-mends.ts';
import { readLockBlockers } from './lock-blockers.ts';
import { concernsStream } from './plan-mends.ts';
import { reportBlockers } from './report-blockers.ts';
import { describeRefusal } from './statement-refusal.ts';

export interface LockLimits {
  /** For locks that the application's queries queue up behind. */
  readonly briefMs: number;
  /** For what holds up nobody while it waits. */
  readonly patientMs: number;
}

export interface RunStatementOptions {
  /** Who is said to wait: `2`, `slot freshet`. */
  readonly what: string;
  readonly query: Query;
  readonly lockingQuery: LockingQuery;
  readonly report: (line: string) => void;
  readonly limits: LockLimits;
}

export const LOCK_LIMITS: LockLimits = { briefMs: 2_000, patientMs: 600_000 };

/** Twice before a brief wait ends, so that the one who holds it up is named. */
const BLOCKERS_INTERVAL_MS = 500;

/** duplicate_object, or unique_violation in the catalog where two came at once. */
const OBJECT_EXISTS: ReadonlySet<string> = new Set(['42710', '23505']);
/** duplicate_table: what an index whose name is taken is refused with. */
const TABLE_EXISTS = '42P07';

/** @throws where not the statement failed but the connection */
export async function runStatement(statement: Statement, options: RunStatementOptions): Promise<MendOutcome> {
  const { what, query, lockingQuery, report, limits } = options;
  const { kind, sql } = statement;
  const lockTimeoutMs = kind === 'alter-table' ? limits.briefMs : limits.patientMs;
  if (kind === 'drop-index' && !(await isUnfinished(query, statement)))
    return { kind: 'done', note: 'it is gone, or finished by now' };
  let backend = 0;
  try {
    const running = lockingQuery(sql, lockTimeoutMs, (pid) => {
      backend = pid;
    });
    await reportBlockers(running, {
      what,
      readBlockers: () => readLockBlockers(query, backend),
      report,
      intervalMs: BLOCKERS_INTERVAL_MS,
    });
    return { kind: 'done' };
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal === undefined) throw error;
    const { sqlState, message } = refusal;
    if (await isThereAlready(sqlState, statement, query))
      return { kind: 'done', note: 'it was there already' };
    const reason = describeRefusal(statement, sqlState, message, lockTimeoutMs);
    // An index of that name is somebody else's.
    const isOurs = kind === 'create-index' && sqlState !== TABLE_EXISTS;
    const remains = isOurs ? await dropUnfinished(statement, options) : '';
    return { kind: 'refused', sqlState, reason: `${reason}${remains}` };
  }
}

/** Another setup, which planned the same, was faster. */
async function isThereAlready(sqlState: string, statement: Statement, query: Query): Promise<boolean> {
  if (concernsStream(statement)) return OBJECT_EXISTS.has(sqlState);
  if (statement.kind !== 'create-index' || sqlState !== TABLE_EXISTS) return false;
  const sql =
    'SELECT FROM pg_index WHERE indexrelid = to_regclass($1) AND indrelid = to_regclass($2) AND indisvalid AND indisunique';
  return (await query(sql, [statement.index, statement.table])).length > 0;
}

async function isUnfinished(query: Query, { index }: IndexStatement): Promise<boolean> {
  const sql = 'SELECT FROM pg_index WHERE indexrelid = to_regclass($1) AND NOT indisvalid';
  return (await query(sql, [index])).length > 0;
}

/** What a failed CREATE INDEX CONCURRENTLY leaves is kept up by every write and of no use. @returns words on it, or '' */
async function dropUnfinished(
  statement: IndexStatement,
  { query, lockingQuery, limits }: RunStatementOptions,
): Promise<string> {
  if (!(await isUnfinished(query, statement))) return '';
  const sql = `DROP INDEX CONCURRENTLY ${statement.index};`;
  try {
    await lockingQuery(sql, limits.briefMs, () => {});
    return '; the unfinished index was dropped';
  } catch {
    return `; the unfinished index ${statement.index} is left, and every write keeps it up: the next run drops it, or ${sql}`;
  }
}

/** Where the server itself refused, under whatever family; a connection that failed, or was not let in, is no refusal. */
function refusalOf(error: unknown): { readonly sqlState: string; readonly message: string } | undefined {
  if (!(error instanceof Error)) return undefined;
  if (!('severity' in error)) return refusalOf(error.cause);
  if (!('code' in error) || typeof error.code !== 'string' || /^(08|28|3D|57P)/.test(error.code))
    return undefined;
  return { sqlState: error.code, message: error.message };
}
