import { expect, test } from 'vitest';
import { RuleMatcher } from '../../../../src/pipeline/match/rule-matcher.ts';
import { tableOf } from '../../../fixtures/pgoutput/encode.ts';
import { ruleOn } from '../rule-on.ts';

const products = tableOf('products', ['id', 'category_id', 'name']);

test('a table asks for the columns of all its rules, each once, and for nothing else', () => {
  const matcher = new RuleMatcher([
    ruleOn('public.products', ['product:${id}', 'category:${category_id}']),
    ruleOn('public.products', ['p:${id}'], { name: 'again' }),
    ruleOn('public.orders', ['order:${total}'], { name: 'other' }),
  ]);
  expect(matcher.bind(products, products)).toEqual(new Set(['id', 'category_id']));
});

test('a table without rules asks for nothing and matches nothing', () => {
  const matcher = new RuleMatcher([ruleOn('public.orders', ['order:${id}'])]);
  expect(matcher.bind(products, products)).toBeUndefined();
  expect(matcher.match(products, 'insert')).toEqual([]);
});

test('a rule with constant keys matches although it reads no column', () => {
  const rule = ruleOn('public.products', ['catalog']);
  const matcher = new RuleMatcher([rule]);
  expect(matcher.bind(products, products)).toEqual(new Set());
  expect(matcher.match(products, 'update')).toEqual([rule]);
});

test('a rule matches the kinds of change that it listens to, rules in their order', () => {
  const all = ruleOn('public.products', ['product:${id}']);
  const deletes = ruleOn('public.products', ['gone:${id}'], { name: 'gone', on: ['delete'] });
  const matcher = new RuleMatcher([all, deletes]);
  matcher.bind(products, products);
  expect(matcher.match(products, 'delete')).toEqual([all, deletes]);
  for (const kind of ['insert', 'update', 'truncate'] as const) {
    expect(matcher.match(products, kind)).toEqual([all]);
  }
});

test('a name is compared as the catalog has it, and with its schema', () => {
  const matcher = new RuleMatcher([ruleOn('"Shop".products', ['product:${id}'])]);
  expect(matcher.bind(products, products)).toBeUndefined();
  expect(matcher.bind(products, { schema: 'shop', name: 'products' })).toBeUndefined();
  expect(matcher.bind(products, { schema: 'Shop', name: 'products' })).toEqual(new Set(['id']));
});

test('a leaf partition matches the rules of its root, until it is detached', () => {
  const rule = ruleOn('public.events', ['event:${id}']);
  const leaf = tableOf('events_2025', ['id']);
  const matcher = new RuleMatcher([rule]);
  matcher.bind(leaf, { schema: 'public', name: 'events' });
  expect(matcher.match(leaf, 'insert')).toEqual([rule]);
  matcher.bind(leaf, leaf);
  expect(matcher.match(leaf, 'insert')).toEqual([]);
});
