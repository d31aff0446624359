import * as fc from 'fast-check';
import { changedCondition } from './changed-condition.ts';
import { columnsOf, type KeyShape, keyOf, keysOf, templateOf } from './key-shape.ts';
import { readKeys } from './read-keys.ts';
import { TABLE_INDEXES } from './stored-row.ts';
import type { View } from './view.ts';
import { TABLE_NAMES } from './wire.ts';

const SHAPES: readonly KeyShape[] = [
  [],
  [{ column: 'grp' }],
  [{ column: 'status' }],
  [{ column: 'grp' }, ':', { column: 'slug' }],
];

const spec = fc.record({
  kind: fc.constant('counter'),
  table: fc.constantFrom(...TABLE_INDEXES),
  shape: fc.constantFrom(...SHAPES),
  of: fc.constantFrom('rows', 'price'),
  always: fc.boolean(),
  isGuarded: fc.boolean(),
  massChange: fc.constantFrom(undefined, undefined, undefined, 2),
});

export type CounterSpec = Readonly<typeof spec extends fc.Arbitrary<infer T> ? T : never>;

/** How many rows a key has, or what they cost. */
export const counterSpecs: fc.Arbitrary<CounterSpec> = spec;

/** @param prefix of all its keys; @param name of its rules, in front */
export function counterView(name: string, prefix: string, given: CounterSpec): View {
  const { table, of, always, isGuarded, massChange } = given;
  const shape: KeyShape = [`${prefix}n`, ...given.shape];
  const watched = [...columnsOf(shape), 'price' as const];
  return {
    rules: [
      {
        name,
        table: `public.${TABLE_NAMES[table]}`,
        keys: [templateOf(shape)],
        ...(isGuarded ? { when: changedCondition(watched) } : {}),
        ...(massChange === undefined ? {} : { massChange: { over: massChange, then: 'purge' } }),
        counter: { ...(of === 'rows' ? { count: {} } : { sum: of }), ttl: '1h', always },
      },
    ],
    keysOf: (rows) => keysOf(shape, rows),
    contentOf(key, state) {
      const rows = state[table].filter((row) => keyOf(shape, row) === key);
      const total =
        of === 'rows' ? rows.length : rows.reduce((sum, { price }) => sum + Number(price ?? 0), 0);
      return String(total);
    },
    ...(always && massChange === undefined
      ? {
          writtenKeys: (changes, identities) =>
            readKeys(changes, { table, shape, readsLeftKeys: true }, identities),
        }
      : {}),
  };
}
