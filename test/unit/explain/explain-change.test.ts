import { expect, test } from 'vitest';
import { type ChangeToExplain, explainChange } from '../../../src/explain/explain-change.ts';
import { parseRow } from '../../../src/explain/parse-row.ts';
import { ruleOn } from '../pipeline/rule-on.ts';

const products = { schema: 'public', name: 'products' };
const RULES = [
  ruleOn('public.products', ['product:${id}', 'category:${category_id}']),
  ruleOn('public.products', ['gone:${id}'], { name: 'gone', on: ['delete'] }),
  ruleOn('shop.products', ['other:${id}'], { name: 'other' }),
];

const row = (json: string) => parseRow(json, '--new');

/** By rule: the keys, patterns and skipped templates; undefined where the rule is not about it. */
function explain(change: Omit<ChangeToExplain, 'table'>) {
  return Object.fromEntries(
    explainChange(RULES, { table: products, ...change }).map(({ rule, verdict, planned }) => [
      rule,
      verdict === 'matches'
        ? [
            ...new Set(
              planned.map((one) => `${one.kind} ${one.kind === 'delete' ? one.key : one.origin.pattern}`),
            ),
          ]
        : undefined,
    ]),
  );
}

test('every rule of the table is named, also one that does not listen to the change', () => {
  expect(explain({ kind: 'insert', new: row('{"id": 7, "category_id": 1}') })).toEqual({
    product: ['delete product:7', 'delete category:1'],
    gone: undefined,
  });
});

test('both places of a key that moves are named', () => {
  const change = { old: row('{"id": 7, "category_id": 1}'), new: row('{"id": 7, "category_id": 2}') };
  expect(explain({ kind: 'update', ...change })).toMatchObject({
    product: ['delete product:7', 'delete category:1', 'delete category:2'],
  });
});

test('a column that the rows do not name makes the key unknown, NULL makes it none', () => {
  expect(explain({ kind: 'delete', old: row('{"id": 7}') })).toEqual({
    product: ['delete product:7', 'purge category:*'],
    gone: ['delete gone:7'],
  });
  expect(explain({ kind: 'insert', new: row('{"id": 7, "category_id": null}') })).toMatchObject({
    product: ['delete product:7', 'skip category:*'],
  });
});

test('a truncate names patterns', () => {
  expect(explain({ kind: 'truncate' })).toEqual({
    product: ['purge product:*', 'purge category:*'],
    gone: undefined,
  });
});

test('a table without rules has nothing to explain', () => {
  expect(explainChange(RULES, { table: { schema: 'public', name: 'orders' }, kind: 'truncate' })).toEqual([]);
});
