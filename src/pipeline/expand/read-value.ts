import type { Effect, Write } from '../../domain/effect.ts';
import type { Query } from '../../domain/query.ts';
import { type RefreshRow, refreshQuery } from './refresh-query.ts';

type RefreshEffect = Extract<Effect, { kind: 'refresh' }>;

/** Asks for the value of a key; a query that finds nothing, or a NULL, means that there is none. */
export async function readValue(query: Query, { action, values }: RefreshEffect): Promise<Write> {
  const { as, expiry } = action;
  const rows = await query<RefreshRow>(refreshQuery(action.query, as), values);
  const [first] = rows;
  if (first === undefined) return { op: 'remove' };
  if (as === 'hash') {
    const fields = new Map(rows.map(({ key = '', value }) => [key, value]));
    return { op: 'hash', fields, isComplete: true, expiry };
  }
  return first.value === null ? { op: 'remove' } : { op: 'set', value: first.value, expiry };
}
