import { describe, expect, test } from 'vitest';
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

test('what a shadow rule would do is named as such', () => {
  const rules = [ruleOn('public.products', ['product:${id}'], { mode: 'shadow' })];
  expect(explainChange(rules, { table: products, kind: 'truncate' })).toMatchObject([{ mode: 'shadow' }]);
});

/** Of the row `{id: 7}`. */
function explainInsert(spec: {
  readonly keys: readonly (string | object)[];
  readonly [field: string]: unknown;
}) {
  const [explanation] = explainChange([ruleOn('public.products', spec.keys, spec)], {
    table: products,
    kind: 'insert',
    new: row('{"id": 7}'),
  });
  const { untold, doubts, planned } = explanation ?? {};
  return { untold, doubts, templates: planned?.map(({ origin }) => origin.template) };
}

describe('the row of an insert that leaves columns out, as the stream never does', () => {
  test('is told of, and no key is purged for want of a column', () => {
    expect(explainInsert({ keys: ['product:${id}', 'category:${category_id}', 'home'] })).toEqual({
      untold: ['category_id'],
      doubts: [],
      templates: ['product:${id}', 'home'],
    });
    const each = 'SELECT id AS a FROM tags WHERE slug = ${slug}';
    expect(explainInsert({ keys: ['product:${id}', { each, key: 'tag:${a}' }] })).toEqual({
      untold: ['slug'],
      doubts: [],
      templates: ['product:${id}'],
    });
  });

  test.each([`changed('price')`, 'row.price > 5'])('leaves no doubt about %s', (when) => {
    const keys = ['product:${id}'];
    expect(explainInsert({ keys, when })).toEqual({ untold: ['price'], doubts: [], templates: keys });
  });

  test.each([
    ['set', { columns: ['id', 'name'], ttl: '1h' }],
    ['set', { template: '${name}', ttl: '1h' }],
    ['hash', { columns: ['name'], ttl: '1h' }],
    ['sortedSet', { member: '${name}', score: 'id', ttl: '1h' }],
    ['refresh', { query: 'SELECT ${name}', ttl: '1h' }],
  ])('says nothing of what %s would write', (action, fields) => {
    expect(explainInsert({ keys: ['product:${id}'], [action]: fields })).toEqual({
      untold: ['name'],
      doubts: [],
      templates: [],
    });
  });

  test('a doubt of another kind stays', () => {
    const { doubts } = explainInsert({ keys: ['product:${id}', 'slug:${slug}'], when: 'row.id < old.id' });
    expect(doubts).toHaveLength(1);
  });
});
