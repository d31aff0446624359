import type { SqlClient } from '../sql-client.ts';
import type { CommittedTransaction, RowChange } from './history.ts';
import type { Identity } from './identity.ts';
import {
  COLUMN_NAMES,
  COLUMN_TYPES,
  type ColumnName,
  isLarge,
  type StoredRow,
  type TableState,
} from './stored-row.ts';
import { TABLE_NAMES } from './wire.ts';

/** Enough to be kept out of line. */
const LARGE_BYTES = 3_000;

export async function createTables(sql: SqlClient, identities: readonly Identity[]): Promise<void> {
  for (const [index, name] of TABLE_NAMES.entries()) {
    await sql.rows(`
      CREATE TABLE ${name} (id int PRIMARY KEY, slug text UNIQUE, grp int, status text NOT NULL, price int, body text);
      ALTER TABLE ${name} ALTER COLUMN body SET STORAGE EXTERNAL;
      ALTER TABLE ${name} REPLICA IDENTITY ${identities[index] === 'full' ? 'FULL' : 'DEFAULT'};`);
  }
}

/** The SQL of one transaction. @param largeBytes by how much a large value is longer than its row tells */
export function sqlOf(
  { changes }: Pick<CommittedTransaction, 'changes'>,
  largeBytes: number = LARGE_BYTES,
): string {
  return ['BEGIN', ...changes.map((change) => statementOf(change, largeBytes)), 'COMMIT'].join(';\n');
}

/** What both tables hold, read by one statement and so at one moment. */
export async function readTables(sql: SqlClient): Promise<TableState> {
  const columns = COLUMN_NAMES.map((name) => `${name}::text`).join(', ');
  const rows = await sql.rows<StoredRow & { table: number }>(
    TABLE_NAMES.map((name, index) => `SELECT ${index} AS table, ${columns} FROM ${name}`).join(' UNION ALL '),
  );
  const of = (index: number) => rows.filter(({ table }) => table === index);
  return [of(0), of(1)];
}

function statementOf(change: RowChange, largeBytes: number): string {
  const literal = (column: ColumnName, row: StoredRow) => literalOf(column, row, largeBytes);
  const table = TABLE_NAMES[change.table];
  switch (change.kind) {
    case 'insert':
      return `INSERT INTO ${table} VALUES (${COLUMN_NAMES.map((name) => literal(name, change.after)).join(', ')})`;
    case 'update': {
      const { before, after } = change;
      const set = COLUMN_NAMES.filter((name) => before[name] !== after[name]);
      const assignments = (set.length === 0 ? ['status' as const] : set).map(
        (name) => `${name} = ${literal(name, after)}`,
      );
      return `UPDATE ${table} SET ${assignments.join(', ')} WHERE id = ${literal('id', before)}`;
    }
    case 'delete':
      return `DELETE FROM ${table} WHERE id = ${literal('id', change.before)}`;
    case 'truncate':
      return `TRUNCATE ${table}`;
  }
}

function literalOf(column: ColumnName, row: StoredRow, largeBytes: number): string {
  const value = row[column];
  if (value === null) return 'NULL';
  if (COLUMN_TYPES[column] === 23) return value;
  return isLarge(value) ? `'${value}' || repeat('x', ${largeBytes})` : `'${value.replaceAll("'", "''")}'`;
}
