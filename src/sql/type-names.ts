import type { Query } from '../domain/query.ts';

/** With -1 for the modifier: without one, bpchar would be named `character`, which a cast takes for character(1). */
const TYPES_SQL = `
  SELECT format_type(oid, -1) AS type
  FROM unnest($1::oid[]) WITH ORDINALITY AS wanted(oid, position)
  ORDER BY position`;

/** The names of types as SQL casts to them, in the order of the oids. @throws whatever `query` throws */
export async function readTypeNames(query: Query, oids: readonly number[]): Promise<readonly string[]> {
  if (oids.length === 0) return [];
  const rows = await query<{ type: string }>(TYPES_SQL, [oids]);
  return rows.map(({ type }) => type);
}
