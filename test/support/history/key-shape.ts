import type { ColumnName, StoredRow } from './stored-row.ts';

/** A key template in parts: text, and columns, in upper case or as they are. */
export type KeyShape = readonly (string | { readonly column: ColumnName; readonly isUpper?: boolean })[];

/** As a rule writes it. */
export function templateOf(shape: KeyShape): string {
  return shape
    .map((part) =>
      typeof part === 'string' ? part : `\${${part.column}${part.isUpper === true ? '|upper' : ''}}`,
    )
    .join('');
}

export function columnsOf(shape: KeyShape): readonly ColumnName[] {
  return shape.flatMap((part) => (typeof part === 'string' ? [] : part.column));
}

/** The key of a row, found without the code under test; undefined where a column of it is NULL. */
export function keyOf(shape: KeyShape, row: StoredRow): string | undefined {
  let key = '';
  for (const part of shape) {
    const text = typeof part === 'string' ? part : row[part.column];
    if (text === null) return undefined;
    key += typeof part !== 'string' && part.isUpper === true ? text.toUpperCase() : text;
  }
  return key;
}

/** The keys of these rows; one without columns is there without any row. */
export function keysOf(shape: KeyShape, rows: readonly StoredRow[]): readonly string[] {
  if (columnsOf(shape).length === 0) return [shape.filter((part) => typeof part === 'string').join('')];
  return rows.map((row) => keyOf(shape, row)).filter((key) => key !== undefined);
}
