import * as fc from 'fast-check';
import type { TestFanOut, TestRule } from '../../integration/rule-text.ts';
import { changedCondition } from './changed-condition.ts';
import { COLUMN_NAMES, type StoredRow, TABLE_INDEXES, type TableIndex } from './stored-row.ts';
import type { View } from './view.ts';
import { TABLE_NAMES } from './wire.ts';

const spec = fc.record({
  kind: fc.constant('joined'),
  /** The table whose rows have a key each. */
  of: fc.constantFrom(...TABLE_INDEXES),
  /** What they have in common with rows of the other table. */
  by: fc.constantFrom('grp', 'status', 'slug'),
  columns: fc.subarray([...COLUMN_NAMES]),
  isGuarded: fc.boolean(),
  action: fc.constantFrom('delete', 'purgeTag', 'publish'),
  maxRows: fc.constantFrom(1, 2, 1_000),
  massChange: fc.constantFrom(undefined, undefined, 2),
});

export type JoinedSpec = Readonly<typeof spec extends fc.Arbitrary<infer T> ? T : never>;

/** Rows of one table, each cached with what the other has to it; rules find the keys of that by a query. */
export const joinedSpecs: fc.Arbitrary<JoinedSpec> = spec;

/** @param prefix of all its keys; @param name of its rules, in front */
export function joinedView(name: string, prefix: string, given: JoinedSpec): View {
  const { of, by, columns, isGuarded, action, maxRows, massChange } = given;
  const other: TableIndex = of === 0 ? 1 : 0;
  const tagOf = (key: string) => `${prefix}tag:${key.slice(prefix.length)}`;
  const stream = `${prefix}changes`;
  const target = action === 'purgeTag' ? tagOf(prefix) : prefix;
  const found: TestFanOut = {
    each: `SELECT id AS found_id FROM ${TABLE_NAMES[of]} WHERE ${by} = \${${by}}`,
    key: `${target}\${found_id}`,
    maxRows,
  };
  const shared = {
    ...(massChange === undefined ? {} : { massChange: { over: massChange, then: 'purge' } }),
    [action]: action === 'publish' ? { stream } : {},
  };
  const rules: readonly TestRule[] = [
    { name: `${name}-own`, table: `public.${TABLE_NAMES[of]}`, keys: [`${target}\${id}`], ...shared },
    {
      name: `${name}-other`,
      table: `public.${TABLE_NAMES[other]}`,
      keys: [found],
      ...(isGuarded ? { when: changedCondition([...new Set([by, ...columns])]) } : {}),
      ...shared,
    },
  ];
  const shown = (row: StoredRow) => columns.map((column) => row[column]);
  return {
    rules,
    keysOf: (rows) => rows.map(({ id }) => `${prefix}${id}`),
    contentOf(key, state) {
      const own = state[of].find(({ id }) => `${prefix}${id}` === key);
      if (own === undefined) return 'none';
      const joined = state[other].filter((row) => row[by] !== null && row[by] === own[by]);
      return JSON.stringify([
        own[by],
        shown(own),
        ...joined.map((row) => JSON.stringify(shown(row))).toSorted(),
      ]);
    },
    ...(action === 'purgeTag' ? { tagOf } : {}),
    ...(action === 'publish' ? { stream } : {}),
  };
}
