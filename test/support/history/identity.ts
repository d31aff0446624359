import { COLUMN_NAMES, type ColumnName } from './stored-row.ts';

/** The identity of a table's rows, by what an old row tells: the id, the id and the status, or everything. */
export type Identity = 'default' | 'index' | 'full';

const TOLD: Readonly<Record<Identity, readonly ColumnName[]>> = {
  default: ['id'],
  index: ['id', 'status'],
  full: COLUMN_NAMES,
};

/** Whether an old row has all of these columns. */
export function isTold(columns: readonly ColumnName[], identity: Identity): boolean {
  return columns.every((column) => TOLD[identity].includes(column));
}
