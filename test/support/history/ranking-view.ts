import * as fc from 'fast-check';
import { changedCondition } from './changed-condition.ts';
import { columnsOf, type KeyShape, keyOf, keysOf, templateOf } from './key-shape.ts';
import { readKeys } from './read-keys.ts';
import { TABLE_INDEXES } from './stored-row.ts';
import type { View } from './view.ts';
import { TABLE_NAMES } from './wire.ts';

const SHAPES: readonly KeyShape[] = [[], [{ column: 'grp' }], [{ column: 'status' }]];

/** Each tells a row from all others. */
const MEMBERS: readonly KeyShape[] = [
  [{ column: 'id' }],
  [{ column: 'slug' }],
  ['m', { column: 'id' }, ':', { column: 'status' }],
];

const spec = fc.record({
  kind: fc.constant('ranking'),
  table: fc.constantFrom(...TABLE_INDEXES),
  shape: fc.constantFrom(...SHAPES),
  member: fc.constantFrom(...MEMBERS),
  always: fc.boolean(),
  isGuarded: fc.boolean(),
  massChange: fc.constantFrom(undefined, undefined, undefined, 2),
});

export type RankingSpec = Readonly<typeof spec extends fc.Arbitrary<infer T> ? T : never>;

/** Sorted sets of rows by their price. */
export const rankingSpecs: fc.Arbitrary<RankingSpec> = spec;

/** @param prefix of all its keys; @param name of its rules, in front */
export function rankingView(name: string, prefix: string, given: RankingSpec): View {
  const { table, member, always, isGuarded, massChange } = given;
  const shape: KeyShape = [`${prefix}z`, ...given.shape];
  const watched = [...columnsOf(shape), ...columnsOf(member), 'price' as const];
  return {
    rules: [
      {
        name,
        table: `public.${TABLE_NAMES[table]}`,
        keys: [templateOf(shape)],
        ...(isGuarded ? { when: changedCondition(watched) } : {}),
        ...(massChange === undefined ? {} : { massChange: { over: massChange, then: 'purge' } }),
        sortedSet: { member: templateOf(member), score: 'price', ttl: '1h', always },
      },
    ],
    keysOf: (rows) => keysOf(shape, rows),
    contentOf(key, state) {
      const scores = state[table]
        .filter((row) => keyOf(shape, row) === key)
        .flatMap((row): readonly [string, string][] => {
          const found = keyOf(member, row);
          return found === undefined || row.price === null ? [] : [[found, row.price]];
        });
      return scores.length === 0 ? undefined : new Map(scores);
    },
    ...(always && massChange === undefined
      ? {
          writtenKeys: (changes, identities) =>
            readKeys(changes, { table, shape, readsLeftKeys: true }, identities),
        }
      : {}),
  };
}
