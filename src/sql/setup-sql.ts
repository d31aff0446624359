import { formatTableName, quoteIdentifier, type TableName } from '../domain/table.ts';

/** Via the root, Postgres would swallow TRUNCATE of a partition; each publish kind is named because a rule may need it. */
export function createPublicationSql(publication: string, tables: readonly TableName[]): string {
  const list = tables.length === 0 ? '' : ` FOR TABLE ${tables.map(formatTableName).join(', ')}`;
  return (
    `CREATE PUBLICATION ${quoteIdentifier(publication)}${list}\n` +
    `  WITH (publish = 'insert, update, delete, truncate', publish_via_partition_root = false);`
  );
}

export function addTablesSql(publication: string, tables: readonly TableName[]): string {
  return `ALTER PUBLICATION ${quoteIdentifier(publication)} ADD TABLE ${tables.map(formatTableName).join(', ')};`;
}

export function createSlotSql(slot: string): string {
  return `SELECT pg_create_logical_replication_slot(${quoteLiteral(slot)}, 'pgoutput');`;
}

export function dropSlotSql(slot: string): string {
  return `SELECT pg_drop_replication_slot(${quoteLiteral(slot)});`;
}

function quoteLiteral(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
