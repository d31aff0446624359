import { expect, test } from 'vitest';
import { loadedBy } from '../../../src/client/loaded-by.ts';

const keys = ['user:1', 'user:2'];

test('a Map of some or all of the keys is taken as it is', () => {
  const values = new Map([
    ['user:2', 'Bob'],
    ['user:1', 'Ann'],
  ]);
  expect(loadedBy(values, keys)).toBe(values);
  expect(loadedBy(new Map(), keys).size).toBe(0);
});

test.each([
  ['"1"', new Map([['1', 'secret']])],
  ['1 (number)', new Map([[1, 'secret']])],
  ['1 (bigint)', new Map([[1n, 'secret']])],
  [
    '"user:3"',
    new Map([
      ['user:1', 'secret'],
      ['user:3', 'secret'],
    ]),
  ],
])('a key that was not asked for is named: %s', (name, values) => {
  const load = (): unknown => loadedBy(values as Map<string, string>, keys);
  expect(load).toThrow(TypeError);
  expect(load).toThrow(
    `the loader of getMany has returned a value for ${name}, for which it was not asked: ` +
      'its Map must have the keys that it was given, such as "user:1"',
  );
});

test.each([
  ['a value of the class Array', ['secret']],
  ['a value of the class Object', { 'user:1': 'secret' }],
  ['a value of the class Set', new Set(['secret'])],
  ['undefined', undefined],
  ['null', null],
  ['string', 'secret'],
])('what is no Map is refused: %s', (kind, values) => {
  const load = (): unknown => loadedBy(values as never, keys);
  expect(load).toThrow(TypeError);
  expect(load).toThrow(
    `the loader of getMany has returned ${kind}: it must return a Map of the keys that it was given to their values`,
  );
});
