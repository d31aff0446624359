import type { ColumnName } from './stored-row.ts';

/** True for rows that come and go, and for those in which one of the columns has changed. */
export function changedCondition(columns: readonly ColumnName[]): string {
  return `changed(${columns.map((column) => `'${column}'`).join(', ')})`;
}
