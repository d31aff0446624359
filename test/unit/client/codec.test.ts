import * as fc from 'fast-check';
import { SuperJSON } from 'superjson';
import { describe, expect, test } from 'vitest';
import { JSON_CODEC } from '../../../src/client/codec.ts';

class Money {
  readonly cents = 5;
}

describe('JSON', () => {
  test.each([
    [{ id: 1, name: 'Tea', tags: ['a', null], nested: { is: true } }],
    [Object.assign(Object.create(null), { id: 1 })],
    ['text'],
    [9.5],
    [false],
    [[]],
  ])('gives %j back', (value) => {
    expect(JSON_CODEC.decode(JSON_CODEC.encode(value))).toEqual(value);
  });

  test.each([
    ['a bigint', { id: 1n }, '"id"'],
    ['a Date', { row: { created_at: new Date(0) } }, '"created_at"'],
    ['a Map', { all: new Map() }, '"all"'],
    ['a Set', [new Set()], '"0"'],
    ['a Buffer', { body: Buffer.from('x') }, '"body"'],
    ['a Money', { price: new Money() }, '"price"'],
    ['NaN', { price: Number.NaN }, '"price"'],
    ['undefined', ['a', undefined], '"1"'],
    ['a function', { load: () => 1 }, '"load"'],
    ['a symbol', { kind: Symbol('kind') }, '"kind"'],
    ['an object with toJSON', { row: { toJSON: () => undefined } }, '"row"'],
    ['an object with toJSON', [Object.assign([1], { toJSON: () => 1 })], '"0"'],
  ])('refuses %s, and says where and how to mend it', (what, value, place) => {
    expect(() => JSON_CODEC.encode(value)).toThrow(
      `JSON does not give the value's ${place} back as it was: it is ${what}. Give the cache a codec that does, such as {encode: superjson.stringify`,
    );
  });

  test('refuses what is nothing but that', () => {
    expect(() => JSON_CODEC.encode(7n)).toThrow(
      'JSON does not give the value back as it was: it is a bigint',
    );
  });

  test('refuses what says itself that it is nothing', () => {
    expect(() => JSON_CODEC.encode({ id: 1, toJSON: () => undefined })).toThrow(
      'JSON does not give the value back as it was: it is an object with toJSON',
    );
    expect(JSON_CODEC.encode({ toJSON: 'a column' })).toBe('{"toJSON":"a column"}');
  });

  test('a property that is undefined reads the same when it is not there', () => {
    expect(JSON_CODEC.encode({ id: 1, note: undefined })).toBe('{"id":1}');
  });

  /** -0 becomes 0, of which nobody complains. */
  const number = fc.double().map((each) => (each === 0 ? 0 : each));
  const anything = fc.anything({
    values: [
      fc.string(),
      number,
      fc.boolean(),
      fc.constant(null),
      fc.constant(undefined),
      fc.bigInt(),
      fc.date(),
    ],
    withMap: true,
    withSet: true,
    withTypedArray: true,
    withNullPrototype: true,
  });

  test('whatever it takes it gives back', () => {
    fc.assert(
      fc.property(anything, (value) => {
        fc.pre(value !== undefined);
        let payload: string;
        try {
          payload = JSON_CODEC.encode(value);
        } catch (error) {
          expect(error).toBeInstanceOf(TypeError);
          return;
        }
        expect(JSON_CODEC.decode(payload)).toEqual(value);
      }),
      { numRuns: 2_000 },
    );
  });
});

test('superjson is a codec as it is', () => {
  const codec = { encode: SuperJSON.stringify, decode: SuperJSON.parse };
  const value = { id: 9_007_199_254_740_993n, at: new Date(0), tags: new Set(['a']) };
  expect(codec.decode(codec.encode(value))).toEqual(value);
});
