import { expect, test } from 'vitest';
import { rulesOrdered } from '../../../src/migrations/rules-ordered.ts';

const users = { schema: 'public', name: 'users' };
const RULES = [
  { name: 'user', table: users },
  { name: 'user-page', table: users },
  { name: 'item', table: { schema: 'Shop', name: 'Item' } },
];
const ordered = (order: Parameters<typeof rulesOrdered>[0]) =>
  rulesOrdered(order, RULES).map(({ name }) => name);

test('an order names a table, a rule or nothing', () => {
  expect(ordered({ kind: 'table', table: users })).toEqual(['user', 'user-page']);
  expect(ordered({ kind: 'rule', rule: 'item' })).toEqual(['item']);
  expect(ordered({ kind: 'all' })).toEqual(['user', 'user-page', 'item']);
  expect(ordered({ kind: 'rule', rule: 'Item' })).toEqual([]);
  expect(ordered({ kind: 'table', table: { schema: 'shop', name: 'item' } })).toEqual([]);
});
