import { formatTableName, quoteIdentifier, type TableName } from '../domain/table.ts';

const SHOWN = 8;

/** `a, b and 4 more`: a database may have thousands of partitions. */
export function listNames(names: readonly string[]): string {
  const more = names.length - SHOWN;
  if (more > 0) return `${names.slice(0, SHOWN).join(', ')} and ${more} more`;
  return names.length < 2 ? names.join() : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

export function listTables(tables: readonly TableName[]): string {
  return listNames(tables.map(formatTableName));
}

/** For the inside of a message or of SQL parentheses: `tenant, "Email"`. */
export function listColumns(columns: readonly string[]): string {
  return columns.map(quoteIdentifier).join(', ');
}
