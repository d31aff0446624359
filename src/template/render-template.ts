import { createHash } from 'node:crypto';
import type { Row } from '../domain/change.ts';
import type { FilterName, KeyTemplate } from '../domain/key-template.ts';
import type { Table } from '../domain/table.ts';

const FILTERS: Readonly<Record<FilterName, (text: string) => string>> = {
  lower: (text) => text.toLowerCase(),
  upper: (text) => text.toUpperCase(),
  trim: (text) => text.trim(),
  urlencode: (text) => encodeURIComponent(text),
  sha256: (text) => createHash('sha256').update(text).digest('hex'),
  md5: (text) => createHash('md5').update(text).digest('hex'),
};

/**
 * Fills a template from a row.
 * @returns null where a column of it is NULL (there is no such key), undefined where the row does not tell
 */
export type Render = (row: Row) => string | null | undefined;

/**
 * Resolves a template's columns in a table once, so that a row costs only look-ups by position.
 * @param escape what every value goes through last
 */
export function compileTemplate(
  template: KeyTemplate,
  table: Table,
  escape: (value: string) => string = (value) => value,
): Render {
  const parts = template.parts.map((part) =>
    part.kind === 'literal'
      ? part.text
      : {
          // -1 where the table has lost the column: every row leaves it untold.
          index: table.columns.findIndex((column) => column.name === part.column),
          filters: part.filters.map((name) => FILTERS[name]),
        },
  );
  return (row) => {
    let key = '';
    let told = true;
    for (const part of parts) {
      if (typeof part === 'string') {
        key += part;
        continue;
      }
      const value = row[part.index];
      if (value === null) return null;
      if (value === undefined) told = false;
      else key += escape(part.filters.reduce((text, filter) => filter(text), value));
    }
    return told ? key : undefined;
  };
}
