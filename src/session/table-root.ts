import type { Query } from '../domain/query.ts';
import type { Table, TableName } from '../domain/table.ts';

/**
 * The name that rules know a table by. The stream names leaf partitions; rules name the partitioned table at the top.
 * The catalog is asked as it is now: a leaf that was detached or dropped since goes by its own name.
 */
export async function rootOf(query: Query, table: Table): Promise<TableName> {
  const [root] = await query<TableName>(
    `SELECT n.nspname AS schema, c.relname AS name
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.oid = pg_partition_root($1::oid) AND c.oid <> $1::oid`,
    [table.oid],
  );
  return root ?? table;
}
