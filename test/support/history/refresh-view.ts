import * as fc from 'fast-check';
import type { TestRule } from '../../integration/rule-text.ts';
import { changedCondition } from './changed-condition.ts';
import { columnsOf, type KeyShape, keyOf, keysOf, templateOf } from './key-shape.ts';
import { readKeys } from './read-keys.ts';
import { COLUMN_NAMES, type ColumnName, rowJson, type StoredRow, TABLE_INDEXES } from './stored-row.ts';
import type { Content, View } from './view.ts';
import { TABLE_NAMES } from './wire.ts';

/** Keys, and by which columns their rows are found. A row that has left its key may still be found by some. */
const LOOKUPS: readonly { readonly shape: KeyShape; readonly by: readonly ColumnName[] }[] = [
  { shape: [{ column: 'id' }], by: ['id'] },
  { shape: [{ column: 'slug' }], by: ['slug'] },
  { shape: [{ column: 'slug' }], by: ['id'] },
  { shape: [{ column: 'grp' }, ':', { column: 'id' }], by: ['id'] },
  { shape: [{ column: 'grp' }], by: ['grp'] },
  { shape: [{ column: 'grp' }, ':', { column: 'status' }], by: ['grp', 'status'] },
];

const spec = fc.record({
  kind: fc.constant('refresh'),
  table: fc.constantFrom(...TABLE_INDEXES),
  lookup: fc.constantFrom(...LOOKUPS),
  form: fc.constantFrom('json', 'rows', 'hash', 'string', 'template'),
  columns: fc.shuffledSubarray([...COLUMN_NAMES], { minLength: 1 }),
  always: fc.boolean(),
  isGuarded: fc.boolean(),
  /** A second rule deletes where rows go. */
  hasCompanion: fc.boolean(),
  massChange: fc.constantFrom(undefined, undefined, undefined, 2),
});

export type RefreshSpec = Readonly<typeof spec extends fc.Arbitrary<infer T> ? T : never>;

/** Rows that Freshet reads again and stores. */
export const refreshSpecs: fc.Arbitrary<RefreshSpec> = spec;

/** @param prefix of all its keys; @param name of its rules, in front */
export function refreshView(name: string, prefix: string, given: RefreshSpec): View {
  const { table, lookup, form, always, isGuarded, hasCompanion, massChange } = given;
  const shape: KeyShape = [prefix, ...lookup.shape];
  const columns: readonly ColumnName[] = form === 'string' ? ['price'] : given.columns;
  const where = lookup.by.map((column) => `${column} = \${${column}}`).join(' AND ');
  const query = `SELECT ${columns.join(', ')} FROM ${TABLE_NAMES[table]} WHERE ${where} ORDER BY id`;
  const readsLeftKeys = new Set(lookup.by).symmetricDifference(new Set(columnsOf(shape))).size === 0;
  const watched = [...new Set([...columns, ...columnsOf(shape), 'id' as const])];
  const template = columns.map((column) => `\${${column}}`).join('|');
  const shown = form === 'template' ? { template } : { as: form };
  const rule: TestRule = {
    name,
    table: `public.${TABLE_NAMES[table]}`,
    keys: [templateOf(shape)],
    ...(isGuarded ? { when: changedCondition(watched) } : {}),
    ...(massChange === undefined ? {} : { massChange: { over: massChange, then: 'purge' } }),
    refresh: { query, ttl: '1h', ...shown, always },
  };
  const { refresh: _reads, ...rest } = rule;
  const companion = { ...rest, name: `${name}-companion`, on: ['delete', 'truncate'] };
  return {
    rules: hasCompanion ? [{ ...rule, on: ['insert', 'update'] }, companion] : [rule],
    keysOf: (rows) => keysOf(shape, rows),
    contentOf: (key, state) =>
      contentOf(
        form,
        state[table]
          .filter((row) => keyOf(shape, row) === key)
          .toSorted((a, b) => Number(a.id) - Number(b.id)),
        columns,
      ),
    ...(always && !hasCompanion && massChange === undefined
      ? {
          writtenKeys: (changes, identities) =>
            readKeys(changes, { table, shape, readsLeftKeys }, identities),
        }
      : {}),
  };
}

/** As Postgres writes it. */
function contentOf(
  form: RefreshSpec['form'],
  rows: readonly StoredRow[],
  columns: readonly ColumnName[],
): Content | undefined {
  const [row] = rows;
  if (form === 'rows') return `[${rows.map((each) => rowJson(each, columns)).join(', \n ')}]`;
  if (row === undefined) return undefined;
  switch (form) {
    case 'json':
      return rowJson(row, columns);
    case 'string':
      return row.price ?? undefined;
    case 'template': {
      const texts = columns.map((column) => row[column]);
      return texts.includes(null) ? undefined : texts.join('|');
    }
    case 'hash': {
      const fields = columns.flatMap((column): readonly [string, string][] => {
        const value = row[column];
        return value === null ? [] : [[column, value]];
      });
      return fields.length === 0 ? undefined : Object.fromEntries(fields);
    }
  }
}
