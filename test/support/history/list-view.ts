import * as fc from 'fast-check';
import type { TestRule } from '../../integration/rule-text.ts';
import { changedCondition } from './changed-condition.ts';
import { columnsOf, type KeyShape, keyOf, keysOf, templateOf } from './key-shape.ts';
import { COLUMN_NAMES, type StoredRow, type TableIndex } from './stored-row.ts';
import type { View } from './view.ts';
import { TABLE_NAMES } from './wire.ts';

/** Which rows are in the lists, and the condition that is true whenever one comes, goes, or alters within them. */
const GUARDS = {
  none: { holds: () => true, when: undefined },
  changed: { holds: () => true, when: undefined },
  live: {
    holds: (row: StoredRow) => row.status === 'live',
    when: `row.status == 'live' || old.status == 'live'`,
  },
  liveOnArrival: {
    holds: (row: StoredRow) => row.status === 'live',
    when: `op == 'update' || row.status == 'live'`,
  },
  // NULL has no order: then the condition cannot be decided, and counts as true.
  dear: {
    holds: (row: StoredRow) => Number(row.price ?? 0) >= 5,
    when: 'row.price >= 5 || old.price >= 5',
  },
} as const;

const SHAPES: readonly KeyShape[] = [
  ['home'],
  ['row:', { column: 'id' }],
  ['grp:', { column: 'grp' }],
  // The pattern of the one above matches these too.
  ['grp:', { column: 'grp' }, ':', { column: 'status', isUpper: true }],
  ['slug:', { column: 'slug' }],
];

const KIND_GROUPS = [
  [],
  [
    ['insert', 'delete'],
    ['update', 'truncate'],
  ],
  [
    ['insert', 'update'],
    ['delete', 'truncate'],
  ],
] as const;

const spec = fc.record({
  kind: fc.constant('list'),
  tables: fc.constantFrom<readonly TableIndex[]>([0], [1], [0, 1]),
  shapes: fc.subarray([...SHAPES], { minLength: 1, maxLength: 3 }),
  columns: fc.subarray([...COLUMN_NAMES]),
  guard: fc.constantFrom(...(Object.keys(GUARDS) as (keyof typeof GUARDS)[])),
  /** One rule for all kinds of change, or two that share them. */
  kinds: fc.constantFrom(...KIND_GROUPS),
  action: fc.constantFrom('delete', 'purgePattern', 'purgeTag', 'publish'),
  massChange: fc.constantFrom(undefined, 1, 3),
});

export type ListSpec = Readonly<typeof spec extends fc.Arbitrary<infer T> ? T : never>;

/** Lists of rows that an application caches; rules delete them, or tell that they have changed. */
export const listSpecs: fc.Arbitrary<ListSpec> = spec;

/** @param prefix of all its keys; @param name of its rules, in front */
export function listView(name: string, prefix: string, given: ListSpec): View {
  const { tables, columns, guard, kinds, action, massChange } = given;
  const shapes = given.shapes.map((shape): KeyShape => [prefix, ...shape]);
  const watched = [...new Set([...columns, ...shapes.flatMap(columnsOf)])];
  // With nothing to alter, only rows that come and go count.
  const when = guard === 'changed' && watched.length > 0 ? changedCondition(watched) : GUARDS[guard].when;
  const groups = kinds.length === 0 ? [undefined] : kinds;
  const tagOf = (key: string) => `${prefix}tag:${key.slice(prefix.length)}`;
  const stream = `${prefix}changes`;
  const rules = tables.flatMap((table) =>
    groups.map(
      (on, index): TestRule => ({
        name: `${name}-${table}-${index}`,
        table: `public.${TABLE_NAMES[table]}`,
        keys: shapes.map(templateOf).map((key) => (action === 'purgeTag' ? tagOf(key) : key)),
        ...(on === undefined ? {} : { on }),
        ...(when === undefined ? {} : { when }),
        ...(massChange === undefined ? {} : { massChange: { over: massChange, then: 'purge' } }),
        [action]: action === 'publish' ? { stream } : {},
      }),
    ),
  );
  return {
    rules,
    keysOf: (rows) => shapes.flatMap((shape) => keysOf(shape, rows)),
    contentOf(key, state) {
      const found = tables.flatMap((table) =>
        state[table]
          .filter((row) => GUARDS[guard].holds(row) && shapes.some((shape) => keyOf(shape, row) === key))
          .map((row) => JSON.stringify([table, ...columns.map((column) => row[column])])),
      );
      // An empty list is cached as well: so an application remembers a miss.
      return JSON.stringify(found.toSorted());
    },
    ...(action === 'purgeTag' ? { tagOf } : {}),
    ...(action === 'publish' ? { stream } : {}),
  };
}
