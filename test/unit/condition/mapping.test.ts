import { describe, expect, it } from 'vitest';
import { ofValue, type TypeName } from './on-table.ts';

/** Each row: a type, a text as Postgres writes it, and conditions that hold. */
const MAPPING: readonly (readonly [type: TypeName, text: string | null, ...conditions: readonly string[]])[] =
  [
    ['bool', 't', 'row.v', 'row.v == true', '!(row.v == false)', '[row.v] == [true]'],
    ['bool', 'f', '!row.v', 'row.v != true', 'row.v < true'],
    [
      'int8',
      '9223372036854775807',
      'row.v == 9223372036854775807',
      'row.v > 9223372036854775806',
      'row.v - 1 == 9223372036854775806',
    ],
    [
      'int8',
      '9007199254740993',
      'row.v != 9007199254740992',
      'row.v > 9007199254740992',
      'row.v > 9007199254740992.0',
    ],
    ['int8', '-9223372036854775808', 'row.v == -9223372036854775808', 'row.v < 0'],
    ['int4', '-5', 'row.v == -5', 'row.v < -4.5', '[row.v] == [-5]'],
    ['oid', '4294967295', 'row.v == 4294967295', 'row.v == 4294967295u'],
    [
      'numeric',
      '9.50',
      'row.v == 9.5',
      "row.v == '9.500'",
      'row.v > 9',
      'row.v < 9.51',
      'row.v in [1, 9.5]',
      'double(row.v) * 2.0 == 19.0',
      "string(row.v) == '9.50'",
    ],
    ['numeric', '0.1', 'row.v == 0.1', 'row.v < 0.2', 'row.v != 0.10000000001'],
    [
      'numeric',
      '12345678901234567890.123456789',
      "row.v == '12345678901234567890.123456789'",
      "row.v > '12345678901234567890.123456788'",
      'row.v > 9223372036854775807',
    ],
    ['numeric', '9007199254740993', 'row.v == 9007199254740993', 'row.v != 9007199254740992'],
    ['numeric', '0.0000000000000000000000001', 'row.v > 0', 'row.v == 1e-25', 'row.v < 1e-24'],
    ['numeric', 'NaN', 'row.v > 5', "row.v == 'NaN'", "row.v > 'Infinity'"],
    ['numeric', '-Infinity', 'row.v < -1e300', "row.v < '-99999999999999999999'", "row.v == '-Infinity'"],
    ['float8', '0.1', 'row.v == 0.1', 'row.v + 0.2 > 0.3', 'row.v < 1'],
    ['float8', '1e+300', 'row.v > 1', 'row.v == 1e300'],
    ['float8', 'NaN', 'row.v != row.v + 0.0', '!(row.v == 1.0)', '!(row.v > 1.0)', '!(row.v < 1.0)'],
    ['float8', 'Infinity', 'row.v > 1e308'],
    ['float4', '0.1', 'row.v == 0.1'],
    ['text', 'Grüße', "row.v == 'Grüße'", "row.v.startsWith('Grü')", 'size(row.v) == 5', "row.v > 'G'"],
    ['text', '', "row.v == ''", 'size(row.v) == 0'],
    ['varchar', '7', "row.v == '7'", 'row.v != 7', 'int(row.v) == 7'],
    ['bpchar', 'ab   ', "row.v == 'ab'", 'size(row.v) == 2', "row.v < 'abc'", "row.v in ['x', 'ab']"],
    [
      'uuid',
      'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
      "row.v == 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'",
      "row.v.startsWith('a0ee')",
    ],
    ['enum', 'paid', "row.v == 'paid'", "row.v in ['paid', 'sent']"],
    ['date', '2026-01-31', "row.v >= '2026-01-01'", "row.v == '2026-01-31'"],
    ['interval', '1 day 02:00:00', "row.v == '1 day 02:00:00'"],
    [
      'timestamptz',
      '2026-01-31 10:00:00.000001+00',
      "row.v > timestamp('2026-01-31T10:00:00Z')",
      "row.v == timestamp('2026-01-31T10:00:00.000001Z')",
      "row.v == timestamp('2026-01-31T12:00:00.000001+02:00')",
      "row.v < timestamp('2026-01-31T10:00:00.000001001Z')",
      "row.v > timestamp('2026-01-31T10:00:00.000000999Z')",
      "row.v > timestamp('2026-01-31T06:00:00-04:00')",
      "[row.v].exists(t, t == timestamp('2026-01-31T10:00:00.000001Z'))",
    ],
    [
      'timestamptz',
      '2026-01-31 12:00:00+05:30',
      "row.v == timestamp('2026-01-31T06:30:00Z')",
      'row.v.getHours() == 6',
    ],
    ['timestamptz', 'infinity', "row.v > timestamp('9999-12-31T23:59:59Z')"],
    ['timestamptz', '-infinity', "row.v < timestamp('0001-01-01T00:00:00Z')"],
    ['timestamptz', '12026-01-31 10:00:00+00', "row.v > timestamp('9999-12-31T23:59:59Z')"],
    ['timestamptz', '0044-03-15 12:00:00+00 BC', "row.v < timestamp('0001-01-01T00:00:00Z')"],
    [
      'timestamp',
      '2026-01-31 10:00:00.5',
      "row.v == timestamp('2026-01-31T10:00:00.5Z')",
      'row.v.getMilliseconds() == 500',
    ],
    [
      'int4[]',
      '{1,NULL,3}',
      'row.v[0] == 1',
      'row.v[1] == null',
      '3 in row.v',
      'size(row.v) == 3',
      'row.v.exists(i, i == 3)',
      'row.v == [1, null, 3]',
    ],
    ['int4[]', '{{1,2},{3,4}}', 'row.v[1][0] == 3', 'size(row.v) == 2'],
    ['int4[]', '[0:1]={1,2}', 'row.v[0] == 1'],
    ['int4[]', '{}', 'size(row.v) == 0', 'row.v == []', 'row.v.all(i, i > 5)'],
    [
      'text[]',
      '{plain,"a \\"b\\", c","NULL",""}',
      'row.v[1] == \'a "b", c\'',
      "row.v[2] == 'NULL'",
      "row.v[3] == ''",
      "'plain' in row.v",
    ],
    ['bool[]', '{t,f}', 'row.v == [true, false]'],
    ['numeric[]', '{1.50,2}', 'row.v.exists(n, double(n) == 1.5)'],
    ['timestamptz[]', '{"2026-01-31 10:00:00.000001+00"}', "row.v[0] > timestamp('2026-01-31T10:00:00Z')"],
    [
      'jsonb',
      '{"tier": "gold", "n": 9007199254740993, "f": 1.5, "list": [1, "x", null], "deep": {"a": true}, "none": null}',
      "row.v.tier == 'gold'",
      'row.v.n == 9007199254740993',
      'row.v.n != 9007199254740992',
      'row.v.f == 1.5',
      'row.v.list[1] == "x"',
      'row.v.deep.a',
      'has(row.v.deep.a)',
      '!has(row.v.other)',
      'row.v.none == null',
      "'tier' in row.v",
      'row.v.list.exists(i, i == 1)',
    ],
    [
      'jsonb',
      '{"__proto__": 1, "constructor": 2}',
      "row.v['__proto__'] == 1",
      'row.v.constructor == 2',
      '!has(row.v.toString)',
    ],
    ['jsonb', '"text"', "row.v == 'text'"],
    ['jsonb', 'null', 'row.v == null'],
    ['json', '{"big": 123456789012345678901234567890}', "row.v.big == '123456789012345678901234567890'"],
    ['bytea', '\\x00ff10', 'size(row.v) == 3', "row.v == b'\\x00\\xff\\x10'", "row.v > b'\\x00'"],
    ['text', null, 'row.v == null', "row.v != 'x'"],
  ];

const CASES = MAPPING.map(([type, text, ...conditions]) => ({ type, text, conditions }));

describe.each(CASES)('$type $text', ({ type, text, conditions }) => {
  it.each(conditions)('%s', (condition) => {
    expect(ofValue(condition, type, text)).toBe('yes');
  });
});

it('does not guess where CEL has no such value', () => {
  expect(ofValue('row.v.getFullYear() == 12026', 'timestamptz', '12026-01-31 10:00:00+00')).toBe('failed');
  expect(ofValue('row.v.getFullYear() > 1', 'timestamptz', 'infinity')).toBe('failed');
  expect(ofValue('row.v * 2 > 1', 'numeric', '9.50')).toBe('failed');
  expect(ofValue('row.v.n > 5', 'jsonb', '{"n": 123456789012345678901234567890}')).toBe('failed');
});
