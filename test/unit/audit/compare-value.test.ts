import { describe, expect, test } from 'vitest';
import { compareJson } from '../../../src/audit/compare-json.ts';
import { compareValue } from '../../../src/audit/compare-value.ts';
import type { CachedValue } from '../../../src/domain/cached-value.ts';
import type { Write } from '../../../src/domain/effect.ts';

const expiry = { ttlMs: 1_000, jitter: 0 };
const json = (value: string): Write => ({ op: 'set', value, expiry });
const text = (value: string | null): CachedValue => ({ kind: 'text', text: value, ttlMs: 500 });
const hash = (fields: Readonly<Record<string, string>>): CachedValue => ({
  kind: 'hash',
  fields: new Map(Object.entries(fields)),
  ttlMs: 500,
});

describe('JSON texts', () => {
  test.each([
    ['{"a":1,"b":2}', '{"b":2,"a":1}', 'the order of members'],
    ['{"a": [1, 2]}', '{"a":[1,2]}', 'blanks'],
    ['1.50', '1.5', 'zeros'],
    ['1e2', '100', 'the notation of a number'],
    ['9007199254740993', '9007199254740993', 'nothing'],
    ['1e+20', '100000000000000000000', 'the notation of a number with more digits than a double'],
    ['1.5', '1.500000000000000000', 'zeros beyond the digits of a double'],
    ['-0', '0', 'the sign of zero'],
    ['{"price":"12.50"}', '{"price":12.50}', 'how the driver hands over numeric'],
    ['"12.5"', '12.50', 'that, and zeros'],
    ['{"id":"9007199254740993"}', '{"id":9007199254740993}', 'how it hands over int8'],
    ['["7","-8"]', '[7,-8]', 'how it hands over int8[]'],
    [
      '{"at":"2026-01-01T00:00:00.000Z"}',
      '{"at":"2026-01-01T00:00:00+00:00"}',
      'how it hands over timestamptz',
    ],
    ['"2026-01-01T00:00:00.120Z"', '"2026-01-01T00:00:00.12+00:00"', 'zeros of a fraction'],
    ['"2026-01-01T00:00:00.123Z"', '"2026-01-01T00:00:00.123999+00:00"', 'microseconds that a Date loses'],
    ['"2025-12-31T23:00:00.000Z"', '"2026-01-01T04:30:00+05:30"', 'the zone of the session'],
  ])('%s and %s differ in nothing but %s', (one, other) => {
    expect(compareJson(one, other)).toEqual([]);
    expect(compareJson(other, one)).toEqual([]);
  });

  test.each([
    ['{"a":1,"b":2}', '{"a":1,"b":3}', ['b']],
    ['{"a":1}', '{"a":1,"b":null}', ['b']],
    ['{"a":{"b":[1,2]}}', '{"a":{"b":[1,3]}}', ['a.b.1']],
    ['[1]', '{"0":1}', ['']],
    ['"1"', '2', ['']],
    ['"1"', '"1.0"', ['']],
    ['"007"', '7', ['']],
    ['""', '0', ['']],
    ['"7 "', '7', ['']],
    ['"true"', 'true', ['']],
    ['"12.50"', '12.51', ['']],
    ['"9007199254740993"', '9007199254740992', ['']],
    ['0.1234567890123456789', '0.1234567890123456788', ['']],
    ['{"at":"2026-01-01T00:00:00.000Z"}', '{"at":"2026-01-01T00:00:01+00:00"}', ['at']],
    ['"2026-01-01T00:00:00.123Z"', '"2026-01-01T00:00:00.12+00:00"', ['']],
    ['"2026-01-01T00:00:00.123456+00:00"', '"2026-01-01T00:00:00.123457+00:00"', ['']],
    ['"2026-01-01T00:00:00.123+00:00"', '"2026-01-01T00:00:00.123456+00:00"', ['']],
    ['"2026-01-01T00:00:00.000Z"', '"2026-01-01T00:00:00"', ['']],
    ['"2026-01-01"', '"2026-01-01T00:00:00.000Z"', ['']],
    ['"2026-99-01T00:00:00Z"', '"2026-99-01T00:00:00+00:00"', ['']],
    ['9007199254740993', '9007199254740992', ['']],
    ['null', '{}', ['']],
  ])('%s and %s differ at %j', (one, other, paths) => {
    expect(compareJson(one, other)).toEqual(paths);
  });

  test('what is no JSON cannot be compared as such', () => {
    expect(compareJson('plain', '1')).toBeUndefined();
  });
});

describe('a cached value', () => {
  test.each<[CachedValue, Write, string]>([
    [text('{"a": 1}'), json('{"a":1}'), 'the same JSON'],
    [text('t'), json('t'), 'the same text'],
    [text(null), { op: 'remove' }, 'known not to be there'],
    [
      hash({ a: '1' }),
      {
        op: 'hash',
        fields: new Map([
          ['a', '1'],
          ['b', null],
        ]),
        isComplete: true,
        expiry,
      },
      'NULL is no field',
    ],
    [
      { kind: 'sortedSet', members: new Map([['m', '1']]), ttlMs: 5 },
      { op: 'sortedSet', members: new Map([['m', '1.0']]), isComplete: true, expiry },
      'the same score',
    ],
  ])('%j is equal to %j: %s', (cached, expected) => {
    expect(compareValue(cached, expected)).toEqual({ kind: 'equal' });
  });

  test.each<[CachedValue, Write]>([
    [{ kind: 'absent' }, json('1')],
    [{ kind: 'marked', ttlMs: 5 }, json('1')],
    [{ kind: 'absent' }, { op: 'remove' }],
  ])('%j is never wrong', (cached, expected) => {
    expect(compareValue(cached, expected)).toEqual({ kind: 'absent' });
  });

  test.each<[CachedValue, Write, string]>([
    [text('{"price":1,"name":"secret"}'), json('{"price":2,"name":"secret"}'), 'differs in price'],
    [text('1'), json('2'), 'differs in the value'],
    [text('plain'), json('other'), 'differs in the text'],
    [text('1'), { op: 'remove' }, 'there is no row'],
    [text(null), json('1'), 'there is a row'],
    [
      hash({ a: '1', b: '2' }),
      { op: 'hash', fields: new Map([['a', '1']]), isComplete: true, expiry },
      'differs in b',
    ],
    [hash({ a: '1' }), json('1'), 'it should be a set'],
    [{ kind: 'foreign', type: 'list', ttlMs: 5 }, json('1'), 'it is a list'],
    [
      { kind: 'sortedSet', members: new Map([['private', '1']]), ttlMs: 5 },
      { op: 'sortedSet', members: new Map(), isComplete: true, expiry },
      'differs in 1 member',
    ],
  ])('%j is not %j: %s', (cached, expected, how) => {
    expect(compareValue(cached, expected)).toEqual({ kind: 'differs', how });
  });
});
