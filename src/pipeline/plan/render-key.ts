import { createHash } from 'node:crypto';
import type { Row } from '../../domain/change.ts';
import type { CacheKey } from '../../domain/effect.ts';
import type { FilterName, KeyTemplate } from '../../domain/key-template.ts';
import type { Table } from '../../domain/table.ts';

const FILTERS: Readonly<Record<FilterName, (text: string) => string>> = {
  lower: (text) => text.toLowerCase(),
  upper: (text) => text.toUpperCase(),
  trim: (text) => text.trim(),
  urlencode: (text) => encodeURIComponent(text),
  sha256: (text) => createHash('sha256').update(text).digest('hex'),
  md5: (text) => createHash('md5').update(text).digest('hex'),
};

/**
 * Builds the key of a row.
 * @returns null where a column of the key is NULL (there is no such key), undefined where the row does not tell
 */
export type RenderKey = (row: Row) => CacheKey | null | undefined;

/** Resolves a template's columns in a table once, so that a row costs only look-ups by position. */
export function compileTemplate(template: KeyTemplate, table: Table): RenderKey {
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
      else key += part.filters.reduce((text, filter) => filter(text), value);
    }
    return told ? (key as CacheKey) : undefined;
  };
}
