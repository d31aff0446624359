import { expect, test } from 'vitest';
import type { Change, ChangeKind } from '../../../../src/domain/change.ts';
import type { Rule } from '../../../../src/domain/rule.ts';
import type { Table } from '../../../../src/domain/table.ts';
import { RuleMatcher } from '../../../../src/pipeline/match/rule-matcher.ts';
import { tableOf } from '../../../fixtures/pgoutput/encode.ts';
import { ruleOn } from '../rule-on.ts';

const products = tableOf('products', ['id', 'category_id', 'name']);

function newMatcher(rules: readonly Rule[]): RuleMatcher {
  return new RuleMatcher(rules, () => {});
}

function matching(matcher: RuleMatcher, table: Table, kind: ChangeKind): readonly Rule[] {
  const row: readonly string[] = [];
  const changes: Record<ChangeKind, Change> = {
    insert: { kind: 'insert', table, new: row },
    update: { kind: 'update', table, new: row, old: undefined },
    delete: { kind: 'delete', table, old: row },
    truncate: { kind: 'truncate', table },
  };
  const rules: Rule[] = [];
  matcher.match(changes[kind], (rule) => rules.push(rule));
  return rules;
}

test('a table asks for the columns of all its rules, each once, and for nothing else', () => {
  const matcher = newMatcher([
    ruleOn('public.products', ['product:${id}', 'category:${category_id}']),
    ruleOn('public.products', ['p:${id}'], { name: 'again' }),
    ruleOn('public.orders', ['order:${total}'], { name: 'other' }),
  ]);
  expect(matcher.bind(products, products)).toEqual(new Set(['id', 'category_id']));
});

test('a table without rules asks for nothing and matches nothing', () => {
  const matcher = newMatcher([ruleOn('public.orders', ['order:${id}'])]);
  expect(matcher.bind(products, products)).toBeUndefined();
  expect(matching(matcher, products, 'insert')).toEqual([]);
});

test('a rule with constant keys matches although it reads no column', () => {
  const rule = ruleOn('public.products', ['catalog']);
  const matcher = newMatcher([rule]);
  expect(matcher.bind(products, products)).toEqual(new Set());
  expect(matching(matcher, products, 'update')).toEqual([rule]);
});

test('a rule matches the kinds of change that it listens to, rules in their order', () => {
  const all = ruleOn('public.products', ['product:${id}']);
  const deletes = ruleOn('public.products', ['gone:${id}'], { name: 'gone', on: ['delete'] });
  const matcher = newMatcher([all, deletes]);
  matcher.bind(products, products);
  expect(matching(matcher, products, 'delete')).toEqual([all, deletes]);
  for (const kind of ['insert', 'update', 'truncate'] as const) {
    expect(matching(matcher, products, kind)).toEqual([all]);
  }
});

test('a name is compared as the catalog has it, and with its schema', () => {
  const matcher = newMatcher([ruleOn('"Shop".products', ['product:${id}'])]);
  expect(matcher.bind(products, products)).toBeUndefined();
  expect(matcher.bind(products, { schema: 'shop', name: 'products' })).toBeUndefined();
  expect(matcher.bind(products, { schema: 'Shop', name: 'products' })).toEqual(new Set(['id']));
});

test('a leaf partition matches the rules of its root, until it is detached', () => {
  const rule = ruleOn('public.events', ['event:${id}']);
  const leaf = tableOf('events_2025', ['id']);
  const matcher = newMatcher([rule]);
  matcher.bind(leaf, { schema: 'public', name: 'events' });
  expect(matching(matcher, leaf, 'insert')).toEqual([rule]);
  matcher.bind(leaf, leaf);
  expect(matching(matcher, leaf, 'insert')).toEqual([]);
});
