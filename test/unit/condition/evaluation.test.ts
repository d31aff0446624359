import { describe, expect, it } from 'vitest';
import { compileCondition } from '../../../src/condition/compile-condition.ts';
import { insert, PRODUCTS, product, remove, tableOf, update, verdictOf } from './on-table.ts';

describe('changed', () => {
  it('is true for every insert and delete', () => {
    expect(verdictOf("changed('price')", insert(product()))).toBe('yes');
    expect(verdictOf("changed('price')", remove(product()))).toBe('yes');
  });

  it.each([
    ["changed('price')", 'yes'],
    ["changed('status')", 'no'],
    ["changed('status', 'price')", 'yes'],
    ["changed('status', 'stock')", 'no'],
    ["!changed('status')", 'yes'],
    ["changed('price') && changed('status')", 'no'],
    ["size([changed('price')]) == 1 && [changed('price')][0]", 'yes'],
  ])('%s is %s where only the price differs', (source, expected) => {
    expect(verdictOf(source, update(product({ body: 'x' }), product({ price: '10.00' })))).toBe(expected);
  });

  it('tells NULL from a value, and NULL from NULL', () => {
    const none = product({ price: null });
    expect(verdictOf("changed('price')", update(none, product()))).toBe('yes');
    expect(verdictOf("changed('price')", update(product(), none))).toBe('yes');
    expect(verdictOf("changed('price')", update(none, none))).toBe('no');
  });

  it('takes a TOAST value that was not sent again for unchanged, with and without an old row', () => {
    expect(verdictOf("changed('body')", update(product({ body: 'long' }), product()))).toBe('no');
    expect(verdictOf("changed('body')", update(undefined, product()))).toBe('no');
  });

  it('is not known for a column outside the replica identity, and so touches', () => {
    const change = update(undefined, product());
    expect(verdictOf("changed('price')", change)).toBe('untold');
    expect(verdictOf("!changed('price')", change)).toBe('untold');
    expect(verdictOf("changed('price') ? false : false", change)).toBe('untold');
  });

  it('knows that the identity has not changed where no old row came', () => {
    expect(verdictOf("changed('id')", update(undefined, product()))).toBe('no');
  });

  it('leaves the answer to what decides it', () => {
    const change = update(undefined, product());
    expect(verdictOf("changed('price') && row.status == 'paid'", change)).toBe('no');
    expect(verdictOf("changed('price') || row.status == 'draft'", change)).toBe('yes');
    expect(verdictOf("changed('price') || row.status == 'paid'", change)).toBe('untold');
    expect(verdictOf("changed('price', 'id')", change)).toBe('untold');
  });

  it('is true for several columns as soon as one is known to have changed', () => {
    const old = product({ id: '8', price: undefined, status: undefined });
    expect(verdictOf("changed('price', 'id')", update(old, product()))).toBe('yes');
  });
});

describe('a row compared with its past', () => {
  it.each([
    ['row.status != old.status', 'yes'],
    ['old.status != row.status', 'yes'],
    ['row.status == old.status', 'no'],
    ['row.stock != old.stock', 'no'],
    ['row.stock == old.stock', 'yes'],
  ])('%s is %s', (source, expected) => {
    expect(verdictOf(source, update(product({ status: 'new' }), product()))).toBe(expected);
  });

  it('differs for every insert and delete, so that no key is left alone', () => {
    expect(verdictOf('row.status != old.status', insert(product({ status: null })))).toBe('yes');
    expect(verdictOf('row.status != old.status', remove(product()))).toBe('yes');
    expect(verdictOf('row.status == old.status', remove(product()))).toBe('no');
  });

  it('does not differ in unchanged TOAST', () => {
    expect(verdictOf('row.body != old.body', update(undefined, product()))).toBe('no');
  });
});

describe('row and old', () => {
  it('are the rows before and after an update', () => {
    const change = update(product({ stock: '5' }), product({ stock: '2' }));
    expect(verdictOf('row.stock < old.stock', change)).toBe('yes');
    expect(verdictOf('row.stock == 2 && old.stock == 5', change)).toBe('yes');
    expect(verdictOf('old.stock - row.stock == 3', change)).toBe('yes');
  });

  it('are both the row that went, for a delete', () => {
    expect(verdictOf("row.status == 'draft'", remove(product()))).toBe('yes');
    expect(verdictOf("old.status == 'draft'", remove(product()))).toBe('yes');
    expect(verdictOf('row.price > 9', remove(product({ price: undefined })))).toBe('untold');
  });

  it('has no old row for an insert, and every column of it is NULL', () => {
    expect(verdictOf('old == null', insert(product()))).toBe('yes');
    expect(verdictOf('null != old', insert(product()))).toBe('no');
    expect(verdictOf('old == null', update(undefined, product()))).toBe('no');
    expect(verdictOf("old == null || old.status == 'x'", remove(product()))).toBe('no');
    expect(verdictOf("old.status == 'draft'", insert(product()))).toBe('no');
    expect(verdictOf('old.status == null', insert(product()))).toBe('yes');
    expect(verdictOf('row == null', remove(product()))).toBe('no');
  });

  it('takes an unchanged TOAST value of the new row from a whole old one', () => {
    expect(verdictOf("row.body == 'long'", update(product({ body: 'long' }), product()))).toBe('yes');
    expect(verdictOf("row.body == 'long'", update(undefined, product()))).toBe('untold');
    expect(verdictOf("row.body.contains('on')", update(product({ body: 'long' }), product()))).toBe('yes');
    expect(verdictOf("row.body.contains('on')", update(undefined, product()))).toBe('untold');
  });

  it('does not take what a key-only old row leaves out for NULL', () => {
    const old = product({ id: '8', price: undefined });
    expect(verdictOf('old.price == null', update(old, product()))).toBe('untold');
    expect(verdictOf('old.id == 8', update(old, product()))).toBe('yes');
  });

  it('is never told of a column that the table has lost', () => {
    const table = tableOf({ 'id!': 'int8' });
    for (const source of [
      'row.gone == 1',
      "changed('gone')",
      'has(row.gone)',
      'row.gone + 1 > 2',
      'row.gone',
    ])
      expect(verdictOf(source, update(undefined, ['1'], table))).toBe('untold');
  });
});

describe('op and table', () => {
  it.each([
    ["op == 'insert'", 'yes'],
    ["op in ['update', 'delete']", 'no'],
    ["op.startsWith('ins')", 'yes'],
    ["table == 'public.products'", 'yes'],
    ["table.endsWith('.orders')", 'no'],
  ])('%s is %s for an insert', (source, expected) => {
    expect(verdictOf(source, insert(product()))).toBe(expected);
  });
});

describe('NULL', () => {
  const change = insert(product({ price: null, status: null, active: null, stock: null }));

  it.each([
    ['row.price == null', 'yes'],
    ['row.price != null', 'no'],
    ['row.price == 5', 'no'],
    ['row.price != 5', 'yes'],
    ["row.status != 'x'", 'yes'],
    ['has(row.status)', 'no'],
    ['has(row.id)', 'yes'],
    ["row.status in ['x', 'y']", 'no'],
    ["row.status in ['x', null]", 'yes'],
    ['[row.price].exists(p, p == null)', 'yes'],
  ])('%s is %s', (source, expected) => {
    expect(verdictOf(source, change)).toBe(expected);
  });

  it.each(['row.price > 5', 'row.active', '!row.active', "row.status.startsWith('x')", 'row.stock + 1 > 0'])(
    'has no %s: an error in CEL, which touches the keys',
    (source) => {
      expect(verdictOf(source, change)).toBe('failed');
    },
  );

  it('is guarded as CEL guards', () => {
    expect(verdictOf('row.price != null && row.price > 5', change)).toBe('no');
    expect(verdictOf('has(row.price) ? row.price > 5 : false', change)).toBe('no');
    expect(verdictOf('row.price > 5 || row.id == 7', change)).toBe('yes');
    expect(verdictOf('row.price > 5 && row.id == 8', change)).toBe('no');
  });
});

describe('an error of evaluation', () => {
  it.each([
    'row.id + 9223372036854775807 > 0',
    'row.stock / (row.stock - 3) == 1',
    'int(row.status) == 1',
    "timestamp(row.status) > timestamp('2026-01-01T00:00:00Z')",
    "row.status.matches('(' + row.status)",
    'row.id < row.status',
    'row.status',
  ])('%s touches the keys and is told', (source) => {
    expect(verdictOf(source, insert(product()))).toBe('failed');
  });

  it('says where, and never the value', () => {
    const condition = 'row.id == 7 && int(row.status) == 1';
    const { doubt } = compile(condition)(insert(product({ status: 'secret' })));
    expect(doubt).toMatchObject({ kind: 'failed', offset: 31 });
    expect(JSON.stringify(doubt)).not.toContain('secret');
  });

  it('is one object a place, so that a caller can count it', () => {
    const bound = compile("changed('price')");
    expect(bound(update(undefined, product())).doubt).toBe(bound(update(undefined, product())).doubt);
  });
});

describe('operators and macros of CEL', () => {
  it.each([
    ['row.stock * 2 == 6 && row.stock % 2 == 1', 'yes'],
    ['-row.stock == -3', 'yes'],
    ['row.stock > 2 ? row.active : false', 'yes'],
    ["row.status + '!' == 'draft!'", 'yes'],
    ['size(row.status) == 5 && row.status.size() == 5', 'yes'],
    ["row.status.matches('^dr.*t$')", 'yes'],
    ["row.status.contains('raf') && row.status.endsWith('t')", 'yes'],
    ['[1, 3].exists(n, n == row.stock)', 'yes'],
    ['[1, 3].all(n, n == row.stock)', 'no'],
    ['[1, 3].exists_one(n, n == row.stock)', 'yes'],
    ['[1, 3].filter(n, n > 1).map(n, n + 1) == [4]', 'yes'],
    ['row.stock in [1, 2, 3]', 'yes'],
    ['row.stock in [1.0, 3.0]', 'yes'],
    ['row.stock == 3.0 && row.stock < 3.5', 'yes'],
    ["{'draft': true}[row.status]", 'yes'],
    ["string(row.stock) == '3' && int('3') == row.stock && double(row.stock) == 3.0", 'yes'],
    ["row['status'] == 'draft'", 'yes'],
    ["row.changed_at + duration('1h') > timestamp('2026-01-31T11:00:00Z')", 'yes'],
    ['row.changed_at.getFullYear() == 2026 && row.changed_at.getHours() == 10', 'yes'],
    ["row.changed_at - timestamp('2026-01-31T09:00:00Z') > duration('1h')", 'yes'],
    ['type(row.stock) == int', 'yes'],
  ])('%s is %s', (source, expected) => {
    expect(verdictOf(source, insert(product()))).toBe(expected);
  });
});

it('always holds for a truncate, which has no row', () => {
  expect(verdictOf("row.status == 'x'", { kind: 'truncate', table: PRODUCTS })).toBe('yes');
});

function compile(source: string) {
  return compileCondition(source).bind(PRODUCTS);
}
