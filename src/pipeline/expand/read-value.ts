import type { Effect, Write } from '../../domain/effect.ts';
import type { Query } from '../../domain/query.ts';
import { refreshQuery } from '../../sql/refresh-query.ts';

type RefreshEffect = Extract<Effect, { kind: 'refresh' }>;

/**
 * Asks for the value of a key; a query that finds nothing, or a NULL, means that there is none.
 * @param query gives values in Postgres' text form, so that a hash has what the action `hash` would write
 */
export async function readValue(query: Query, { action, values }: RefreshEffect): Promise<Write> {
  const { as, expiry } = action;
  const [row] = await query<Record<string, string | null>>(refreshQuery(action.query, as), values);
  if (row === undefined) return { op: 'remove' };
  if (as === 'hash') {
    const fields = new Map(Object.entries(row));
    return { op: 'hash', fields, isComplete: true, replaces: true, expiry };
  }
  const value = row['value'] ?? null;
  return value === null ? { op: 'remove' } : { op: 'set', value, expiry };
}

/** What a value takes of memory, about. */
export function bytesOfWrite(write: Write): number {
  switch (write.op) {
    case 'remove':
      return 0;
    case 'set':
      return write.value.length;
    case 'hash':
      return write.fields.values().reduce((sum, value) => sum + (value?.length ?? 0), 0);
  }
}
