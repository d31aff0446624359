import type { Effect, Write } from '../../domain/effect.ts';
import { ResultTooLargeError } from '../../domain/errors.ts';
import type { KeyTemplate } from '../../domain/key-template.ts';
import type { Query } from '../../domain/query.ts';
import type { Expiry } from '../../domain/rule.ts';
import { scoreOf } from '../../domain/score.ts';
import { MAX_MEMBERS } from '../../sql/derived-query.ts';
import { refreshQuery } from '../../sql/refresh-query.ts';
import { compileTemplate } from '../../template/render-template.ts';
import { resultTable } from './result-table.ts';

/** What to ask for, and what to bind to it. */
type Asked = Pick<Extract<Effect, { kind: 'refresh' }>, 'action' | 'values'>;

/**
 * Asks for the value of a key; a query that finds nothing, or a NULL, means that there is none.
 * @throws ResultTooLargeError for a set with more members than Freshet writes, or whatever `query` throws
 * @param query gives values in Postgres' text form, so that a hash has what the action `hash` would write
 */
export async function readValue(query: Query, { action, values }: Asked): Promise<Write> {
  const { as, expiry, asEntry } = action;
  const rows = await query<ResultRow>(refreshQuery(action.query, as), values);
  if (typeof as === 'object' && 'member' in as) return membersOf(as.member, rows, expiry);
  const [row] = rows;
  if (row === undefined) return { op: 'remove' };
  if (as === 'hash') {
    const fields = new Map(Object.entries(row));
    return { op: 'hash', fields, isComplete: true, replaces: true, expiry };
  }
  const value = typeof as === 'object' ? textOf(as.template, row) : (row['value'] ?? null);
  if (value === null) return { op: 'remove' };
  return asEntry === undefined ? { op: 'set', value, expiry } : { op: 'set', value, expiry, asEntry };
}

/** null where a column is NULL, as with the template of `set`. */
function textOf(template: KeyTemplate, row: ResultRow): string | null {
  const render = compileTemplate(template, resultTable(template.columns));
  return render(template.columns.map((_, index) => row[`r${index}`] ?? null)) ?? null;
}

type ResultRow = Readonly<Record<string, string | null>>;

function membersOf(template: KeyTemplate, rows: readonly ResultRow[], expiry: Expiry): Write {
  if (rows.length > MAX_MEMBERS)
    throw new ResultTooLargeError(
      `a sorted set of more than ${MAX_MEMBERS} members is not built by \`always\``,
    );
  const render = compileTemplate(template, resultTable(template.columns));
  const members = new Map<string, string>();
  for (const row of rows) {
    const member = render(template.columns.map((_, index) => row[`r${index}`] ?? null));
    const score = scoreOf(row[`r${template.columns.length}`] ?? null);
    if (typeof member === 'string' && typeof score === 'string') members.set(member, score);
  }
  return { op: 'sortedSet', members, isComplete: true, expiry };
}
