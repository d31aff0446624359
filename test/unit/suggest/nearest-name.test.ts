import { expect, test } from 'vitest';
import { nearestName, suggestName } from '../../../src/suggest/nearest-name.ts';

test.each([
  ['slto', 'slot'],
  ['Slot', 'slot'],
  ['createmissing', 'createMissing'],
  ['publicaton', 'publication'],
])('%s was probably meant as %s', (name, meant) => {
  expect(nearestName(name, ['url', 'slot', 'publication', 'createMissing'])).toBe(meant);
});

test.each(['x', 'zz', 'password'])('%s is like none', (name) => {
  expect(nearestName(name, ['url', 'slot'])).toBeUndefined();
});

test('where none is near, all are told', () => {
  expect(suggestName('password', ['url', 'slot'])).toBe('known here: url, slot');
  expect(nearestName('x', [])).toBeUndefined();
});
