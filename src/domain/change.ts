import type { Table } from './table.ts';

/**
 * One column of a row image: Postgres' text form, `null` for SQL NULL, or `undefined` where the stream does not
 * tell (outside the replica identity, unchanged TOAST, or a column that no rule reads).
 */
export type ColumnValue = string | null | undefined;

/** The values of a row in the order of its table's columns; shorter where only leading columns are read. */
export type Row = readonly ColumnValue[];

/** One row inserted, updated or deleted, or one table truncated. */
export type Change =
  | { readonly kind: 'insert'; readonly table: Table; readonly new: Row }
  /** `old` is what Postgres sent: identity columns, the whole row, or nothing where no identity column changed. */
  | { readonly kind: 'update'; readonly table: Table; readonly new: Row; readonly old: Row | undefined }
  | { readonly kind: 'delete'; readonly table: Table; readonly old: Row }
  | { readonly kind: 'truncate'; readonly table: Table };

export type ChangeKind = Change['kind'];

export const CHANGE_KINDS = [
  'insert',
  'update',
  'delete',
  'truncate',
] as const satisfies readonly ChangeKind[];
