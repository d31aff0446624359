import { describe, expect, test } from 'vitest';
import type { Change, Row } from '../../../../src/domain/change.ts';
import type { Effect, Skip } from '../../../../src/domain/effect.ts';
import type { Rule } from '../../../../src/domain/rule.ts';
import { KeyPlanner } from '../../../../src/pipeline/plan/key-planner.ts';
import { tableOf } from '../../../fixtures/pgoutput/encode.ts';
import { ruleOn } from '../rule-on.ts';

const table = tableOf('products', ['id', 'category_id', 'name']);
const rule = ruleOn('public.products', ['product:${id}', 'category:${category_id}', 'catalog']);

/** For actions that only remove; nobody may ask. */
function noVersion(): never {
  throw new Error('a rule that deletes asked for a version');
}

function plan(change: Change, using: Rule = rule): readonly string[] {
  const planned: string[] = [];
  new KeyPlanner().plan(change, using, noVersion, (one) => planned.push(show(one)));
  return planned;
}

/** Without the constant key, which is the same every time. */
function update(row: Row, old?: Row): readonly string[] {
  return plan({ kind: 'update', table, new: row, old }).filter((each) => !each.includes('catalog'));
}

function show(one: Effect | Skip): string {
  switch (one.kind) {
    case 'delete':
      return `delete ${one.key}`;
    case 'purge':
      return `purge ${one.pattern}`;
    case 'skip':
      return `skip ${one.origin.template}`;
    default:
      throw new Error(`a rule that deletes planned ${one.kind}`);
  }
}

test('an insert touches the keys of the new row, a delete those of the old one', () => {
  const row = ['7', '10', 'Tea'];
  const expected = ['delete product:7', 'delete category:10', 'delete catalog'];
  expect(plan({ kind: 'insert', table, new: row })).toEqual(expected);
  expect(plan({ kind: 'delete', table, old: row })).toEqual(expected);
});

test('a truncate purges every key of a template, and deletes a key without columns', () => {
  expect(plan({ kind: 'truncate', table })).toEqual([
    'purge product:*',
    'purge category:*',
    'delete catalog',
  ]);
});

describe('an update', () => {
  test('with the whole old row touches both places of a key that moved', () => {
    expect(new Set(update(['7', '20', 'Tea'], ['7', '10', 'Tea']))).toEqual(
      new Set(['delete product:7', 'delete category:10', 'delete category:20']),
    );
  });

  test('without an old row left the identity alone, so that only other keys may have moved', () => {
    expect(update(['7', '20', 'Tea'])).toEqual([
      'delete product:7',
      'purge category:*',
      'delete category:20',
    ]);
  });

  test('with an old identity does not tell the other old values', () => {
    expect(update(['8', '20', 'Tea'], ['7', undefined, undefined])).toEqual([
      'delete product:7',
      'delete product:8',
      'purge category:*',
      'delete category:20',
    ]);
  });

  test('takes a value that was not sent again from the old row', () => {
    expect(update(['8', undefined, 'Tea'], ['7', '10', 'Tea'])).toEqual([
      'delete product:7',
      'delete product:8',
      'delete category:10',
    ]);
  });

  test('from or to NULL touches the side that has a key', () => {
    expect(update(['7', '20', 'Tea'], ['7', null, 'Tea'])).toContain('delete category:20');
    expect(update(['7', null, 'Tea'], ['7', '10', 'Tea'])).toContain('delete category:10');
    expect(update(['7', null, 'Tea'], ['7', '10', 'Tea'])).toContain('skip category:${category_id}');
  });
});

test('the key of a column that the table does not have is never guessed', () => {
  const broken = ruleOn('public.products', ['product:${renamed}']);
  for (const change of [
    { kind: 'insert', table, new: ['7', '10', 'Tea'] },
    { kind: 'update', table, new: ['7', '10', 'Tea'], old: undefined },
    { kind: 'delete', table, old: ['7', '10', 'Tea'] },
  ] satisfies Change[]) {
    expect(new Set(plan(change, broken))).toEqual(new Set(['purge product:*']));
  }
});

test('a table that is described again is read by its new columns', () => {
  const planner = new KeyPlanner();
  const keys: string[] = [];
  const after = tableOf('products', ['category_id', 'id']);
  for (const each of [table, after, table]) {
    const byId = ruleOn('public.products', ['product:${id}']);
    const change = { kind: 'insert', table: each, new: ['1', '2'] } as const;
    planner.plan(change, byId, noVersion, (one) => keys.push(show(one)));
  }
  expect(keys).toEqual(['delete product:1', 'delete product:2', 'delete product:1']);
});

test('all partitions share one origin a template, so that a batch purges it once', () => {
  const planner = new KeyPlanner();
  const origins = new Set<unknown>();
  for (const name of ['products_2024', 'products_2025']) {
    const change = { kind: 'truncate', table: tableOf(name, ['id', 'category_id']) } as const;
    planner.plan(change, rule, noVersion, (one) => origins.add(one.origin));
  }
  expect(origins.size).toBe(rule.keys.length);
});
