import type { Query } from '../domain/query.ts';
import type { Table, TableName } from '../domain/table.ts';

export interface TableRoot {
  readonly name: TableName;
  /** False where a transaction that is not visible yet may have given the table another root. */
  readonly isCertain: boolean;
}

/**
 * The name that rules know a table by. The stream names leaf partitions; rules name the partitioned table at the top.
 * The catalog is asked as it is now: a leaf that was detached or dropped since goes by its own name. But the stream
 * can be ahead of it, for a commit is sent before it is visible: then the table is not there yet, or its row is about
 * to be replaced, as becoming a partition does.
 */
export async function rootOf(query: Query, table: Table): Promise<TableRoot> {
  const [root] = await query<TableName & { isItself: boolean; isCertain: boolean }>(
    `SELECT n.nspname AS schema, c.relname AS name, c.oid = $1::oid AS "isItself", c.xmax::text = '0' AS "isCertain"
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.oid = coalesce(pg_partition_root($1::oid), $1::oid)`,
    [table.oid],
  );
  if (root === undefined) return { name: table, isCertain: false };
  // A table that is its own root goes by its name at this position of the stream, until `rootsOf` says otherwise.
  return { name: root.isItself ? table : root, isCertain: root.isCertain };
}

/** The same for tables by oid, each by the name that it has now; without those that are gone. */
export async function rootsOf(
  query: Query,
  oids: readonly number[],
): Promise<ReadonlyMap<number, TableName>> {
  if (oids.length === 0) return new Map();
  const roots = await query<TableName & { oid: number }>(
    `SELECT t.oid::bigint::float8 AS oid, n.nspname AS schema, c.relname AS name
       FROM unnest($1::oid[]) AS t(oid)
       JOIN pg_class c ON c.oid = coalesce(pg_partition_root(t.oid), t.oid)
       JOIN pg_namespace n ON n.oid = c.relnamespace`,
    [oids],
  );
  return new Map(roots.map(({ oid, schema, name }) => [oid, { schema, name }]));
}
