import { describe, expect, it } from 'vitest';
import { compileCondition } from '../../../src/condition/compile-condition.ts';
import { ConditionError } from '../../../src/condition/condition-error.ts';
import type { ChangeKind } from '../../../src/domain/change.ts';
import type { ChangesAsked } from '../../../src/domain/condition.ts';
import { OIDS, type TypeName } from './on-table.ts';

describe('compiling', () => {
  it('says which columns it reads, and which of them in the old row', () => {
    const condition = compileCondition(
      "changed('price', 'stock') || has(row.note) || row['Item Id'] != old['Item Id'] || old.a == 1 && row.b.c == row.a",
    );
    expect(condition.columns.toSorted()).toEqual(['Item Id', 'a', 'b', 'note', 'price', 'stock']);
    expect(condition.oldColumns.toSorted()).toEqual(['Item Id', 'a', 'price', 'stock']);
  });

  it.each([
    ['', 0, 'empty'],
    ['row.a ==', 6, 'not CEL'],
    ['row.a = 1', 6, 'not CEL'],
    ['row.a == 1 and row.b == 2', 11, 'not CEL'],
    ["'😀' == row.a x", 14, 'not CEL'],
    ["'😀' == ro.a", 8, 'unknown variable ro'],
    ['status == 1', 0, 'unknown variable status'],
    ['row.a == 1 && now() > 2', 14, 'no function now'],
    ["row.a.startWith('x')", 5, 'no method startWith'],
    ['row', 0, 'row cannot be used as a whole'],
    ['old.a == 1 && size(old) == 3', 19, 'old cannot be used as a whole'],
    ['row[op] == 1', 4, 'row[...] takes the name of a column'],
    ['changed()', 0, 'changed without a column'],
    ['changed(row.a)', 8, 'changed takes names of columns'],
    ["'a' + 'b'", 4, 'the condition is text'],
    ['1', 0, 'the condition is int'],
    ['size(row.a)', 0, 'the condition is int'],
    ["true && 'x'", 8, "'x' is not true or false"],
    ["row.a == 'x' ? 1 : 2", 0, 'the condition is int'],
    ["1 + 'x' == row.a", 2, "+ does not take 1 and 'x'"],
    ["'a' == 1", 4, "'a' can never equal 1"],
    ["timestamp('2026-01-31') < row.a", 0, 'not a timestamp'],
    ['99999999999999999999 > row.a', 0, 'does not fit into 64 bits'],
    ['row.list.exists(op, op == 1)', 8, 'op has a meaning already'],
    ['row.tags > [1]', 11, 'a list has no order'],
    ["row.a.matches('(')", 14, 'not a regular expression'],
    ["row.a > duration('1 hour')", 17, 'not a duration'],
    ["row.a.getHours('Berlin') == 1", 15, 'not a time zone'],
    ['[1].exists(x, y == 1)', 14, 'unknown variable y'],
    ['Thing{a: 1} == row.a', 0, 'no protocol messages'],
    ["op == 'UPDATE'", 6, "op can never equal 'UPDATE'"],
    ["'upsert' != op", 0, "op can never equal 'upsert'"],
    ["row.a == 1 && op in ['insert', 'Update']", 31, "op can never equal 'Update'"],
    ["op == 'truncate' || row.a == 1", 6, "op can never equal 'truncate'"],
    ["table == 'products'", 9, "table can never equal 'products'"],
  ])('refuses %j at %i: %s', (source, offset, message) => {
    const error = caught(source);
    expect(error.message).toContain(message);
    expect(error.offset).toBe(offset);
  });

  it('says what op and table are', () => {
    expect(caught("op == 'UPDATE'").remedy).toBe("write 'update'");
    expect(caught("op == 'upsert'").remedy).toBe("op is 'insert', 'update', 'delete'");
    expect(caught("op == 'x'").remedy).toBe("op is 'insert', 'update', 'delete'");
    expect(caught("op == 'TRUNCATE'").remedy).toContain('name the kinds of change in `on`');
    expect(caught("table == 'products'").remedy).toBe("write its schema too: 'public.products'");
  });

  it('knows what people write who come from SQL', () => {
    expect(caught('row.a = 1').remedy).toContain('==');
    expect(caught('row.a == 1 and row.b == 1').remedy).toContain('&&');
    expect(caught('row.a <> 1').remedy).toContain('!=');
    expect(caught('row.a is null').remedy).toContain('== null');
    expect(caught("row.a.startWith('x')").remedy).toContain('startsWith');
  });
});

describe('checking against the catalog', () => {
  it.each([
    'row.price > 9.99 && changed("status")',
    "row.price == '123456789012345678901.5'",
    "row.status in ['a', 'b'] && row.stock >= 1.5",
    'row.active && !(row.active == false)',
    "row.at > timestamp('2026-01-01T00:00:00Z') && row.at.getHours('Europe/Berlin') > 5",
    "row.data.tier == 'gold' && row.data.list.exists(x, x > 1)",
    "'a' in row.tags && row.tags[0].startsWith('x') && row.tags.all(t, size(t) > 1)",
    'double(row.price) * 1.2 > double(old.price)',
    "row.price != null && string(row.price).endsWith('.00')",
    "table == 'public.products' && op != 'delete'",
    'row.stock - old.stock > 5 && row.price > row.stock',
    "row.at - old.at > duration('1h')",
  ])('accepts %s', (source) => {
    expect(check(source)).toEqual([]);
  });

  it.each([
    ["row.statsu == 'x'", 0, 'no column statsu', 'did you mean status?'],
    ["changed('pric')", 0, 'no column pric', 'did you mean price?'],
    ['has(old.nonsense)', 0, 'no column nonsense', 'known here'],
    ["row.price > 'x'", 10, "row.price (numeric) cannot be compared with 'x'", ''],
    ["row.stock == '5'", 10, "row.stock (int4) can never equal '5'", 'without quotes'],
    ['row.status == 5', 11, 'row.status (text) can never equal 5', ''],
    ["row.at > '2026-01-01'", 7, "row.at (timestamptz) cannot be compared with '2026-01-01'", 'timestamp('],
    ['row.status', 0, 'the condition is text', ''],
    ['row.stock && true', 0, 'row.stock (int4) is not true or false', ''],
    ['row.price * 2 > 5', 10, '* does not take row.price (numeric) and 2', 'double('],
    [
      'row.price > double(row.stock)',
      10,
      'row.price (numeric) is compared with something computed',
      'double(',
    ],
    ['row.price == 0.12345678901234567', 13, 'does not keep this many digits', 'as text'],
    ['[1.5].exists(x, x == row.price)', 18, 'is compared with something computed', 'double('],
    ['row.status.getHours() == 1', 10, 'getHours does not take row.status (text)', ''],
    ["row.stock.name == 'x'", 9, 'row.stock (int4) has no fields', ''],
    ["row.stock in ['1']", 14, "row.stock (int4) can never equal '1'", 'without quotes'],
    ['row.stock in row.status', 13, 'in takes a list or a map', ''],
    ['row.stock in row.tags', 10, 'row.stock (int4) can never equal row.tags (text[])', ''],
    ['row.status.exists(x, x == 1)', 10, 'row.status (text) is not a list', ''],
    ["row.tags['a'] == 'x'", 9, 'the index of a list', ''],
    ['row.tags > old.tags', 0, 'row.tags (text[]) has no order', ''],
    ["row.active == 'true'", 11, 'row.active (bool) can never equal', 'without quotes'],
  ])('refuses %j at %i: %s', (source, offset, message, remedy) => {
    const [problem] = check(source);
    expect(problem?.message).toContain(message);
    expect(problem?.offset).toBe(offset);
    expect(problem?.remedy ?? '').toContain(remedy);
  });

  it.each<[string, readonly string[], string, string]>([
    [
      "table == 'public.product'",
      ['public.products'],
      "table can never equal 'public.product'",
      "write 'public.products'",
    ],
    [
      "table in ['shop.events']",
      ['shop.events_1', 'shop.events_2'],
      "never equal 'shop.events'",
      'did you mean shop.events_1?',
    ],
  ])('refuses %j where the stream tells %j', (source, tables, message, remedy) => {
    const [problem] = check(source, { tables });
    expect(problem?.message).toContain(message);
    expect(problem?.remedy).toContain(remedy);
    expect(check(source)).toEqual([]);
  });

  it.each<[string, readonly ChangeKind[]]>([
    ["op == 'update'", ['insert']],
    ["op != 'insert' && row.stock > 1", ['insert', 'truncate']],
    ["op == 'insert' && op == 'update'", ['insert', 'update', 'delete']],
    ["!(op in ['insert', 'update'])", ['insert', 'update']],
    ['old != null && row.stock > 5', ['insert']],
  ])('refuses %j for a rule that is about %j', (source, on) => {
    const [problem, ...more] = check(source, { on: new Set(on) });
    expect(problem?.message).toContain('can never hold for');
    expect(more).toEqual([]);
  });

  it.each<[string, readonly ChangeKind[]]>([
    ["op == 'update' || row.stock > 1", ['insert']],
    ["op in ['insert', 'update']", ['insert']],
    ["op != 'delete'", ['insert', 'update']],
    ["op == 'insert'", ['truncate']],
    ['old == null', ['insert']],
  ])('accepts %j for a rule that is about %j', (source, on) => {
    expect(check(source, { on: new Set(on) })).toEqual([]);
  });

  it('reports everything, from left to right, and a missing column once', () => {
    const problems = check("row.statsu == 'x' && row.stock == 'y' && row.statsu == 'z'");
    expect(problems.map(({ offset }) => offset)).toEqual([0, 31]);
  });
});

const COLUMNS: Readonly<Record<string, TypeName>> = {
  price: 'numeric',
  status: 'text',
  stock: 'int4',
  active: 'bool',
  at: 'timestamptz',
  data: 'jsonb',
  tags: 'text[]',
};

function check(source: string, asked: Partial<ChangesAsked> = {}) {
  const columns = Object.entries(COLUMNS).map(([name, type]) => ({
    name,
    typeOid: OIDS[type],
    sqlType: type,
  }));
  return compileCondition(source).check({ columns, ...asked });
}

function caught(source: string): ConditionError {
  try {
    compileCondition(source);
  } catch (error) {
    if (error instanceof ConditionError) return error;
    throw error;
  }
  throw new Error(`${source} was accepted`);
}
