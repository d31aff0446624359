import { describe, expect, test } from 'vitest';
import type { Change, Row } from '../../../../src/domain/change.ts';
import type { Effect } from '../../../../src/domain/effect.ts';
import type { Table } from '../../../../src/domain/table.ts';
import { compileFanOut } from '../../../../src/pipeline/plan/plan-fan-out.ts';
import { originOf } from '../../../../src/template/origin-of.ts';
import { ruleOn } from '../rule-on.ts';

/** books (id int, author_id int, title text) */
function books(identity: readonly string[]): Table {
  const column = (name: string, typeOid: number) => ({ name, typeOid, inIdentity: identity.includes(name) });
  const columns = [column('id', 23), column('author_id', 23), column('title', 25)];
  return { oid: 1, schema: 'public', name: 'books', identity: 'index', columns };
}

const FULL = books(['id', 'author_id', 'title']);

function plan(change: Change, each = 'SELECT id AS n FROM x WHERE a = ${author_id}'): readonly unknown[] {
  const rule = ruleOn('public.books', [{ each, key: 'found:${n}' }]);
  const [fanOut] = rule.fanOuts;
  if (fanOut === undefined) throw new Error('no fan-out was parsed');
  const origin = originOf(rule, fanOut.key);
  return compileFanOut(fanOut, rule.action, origin, change.table)(change).map(describeEffect);
}

/** A fan-out by its values, a purge by its pattern. */
function describeEffect(effect: Effect): unknown {
  if (effect.kind === 'fanOut') return effect.values;
  return effect.kind === 'purge' ? effect.pattern : effect.kind;
}

function update(table: Table, before: Row | undefined, now: Row): Change {
  return { kind: 'update', table, old: before, new: now };
}

describe('a fan-out asks', () => {
  test('for the new row of an insert, for the old one of a delete', () => {
    expect(plan({ kind: 'insert', table: FULL, new: ['1', '7', 'a'] })).toEqual([['7']]);
    expect(plan({ kind: 'delete', table: FULL, old: ['1', '7', 'a'] })).toEqual([['7']]);
  });

  test('once where no parameter has changed, for both rows where one has', () => {
    expect(plan(update(FULL, ['1', '7', 'a'], ['1', '7', 'b']))).toEqual([['7']]);
    expect(plan(update(FULL, ['1', '7', 'a'], ['1', '8', 'a']))).toEqual([['7'], ['8']]);
    expect(plan(update(FULL, ['1', '7', 'a'], ['1', null, 'a']))).toEqual([['7'], [null]]);
  });

  test('with a value that the new row leaves out as unchanged', () => {
    const each = 'SELECT 1 AS n WHERE ${title} = ${author_id}::text OR ${title} IS NULL';
    expect(plan(update(FULL, ['1', '7', 'a'], ['1', '8', undefined]), each)).toEqual([
      ['a', '7', 'a'],
      ['a', '8', 'a'],
    ]);
  });

  test('once without an old row where the identity has all parameters: they have not changed', () => {
    expect(plan(update(books(['id', 'author_id']), undefined, ['1', '7', 'a']))).toEqual([['7']]);
  });

  test('and purges where the old value of a parameter is not told', () => {
    expect(plan(update(books(['id']), undefined, ['1', '7', 'a']))).toEqual([['7'], 'found:*']);
    expect(plan(update(books(['id']), ['1', undefined, undefined], ['2', '7', 'a']))).toEqual([
      'found:*',
      ['7'],
    ]);
    expect(plan({ kind: 'delete', table: books(['id']), old: ['1', undefined, undefined] })).toEqual([
      'found:*',
    ]);
  });

  test('nothing of TRUNCATE, nor where the table has lost a column', () => {
    expect(plan({ kind: 'truncate', table: FULL })).toEqual(['found:*']);
    const each = 'SELECT 1 AS n WHERE ${gone} = 1';
    expect(plan({ kind: 'insert', table: FULL, new: ['1', '7', 'a'] }, each)).toEqual(['found:*']);
  });

  test('without parameters too', () => {
    expect(plan(update(FULL, ['1', '7', 'a'], ['1', '8', 'a']), 'SELECT id AS n FROM x')).toEqual([[]]);
  });
});
