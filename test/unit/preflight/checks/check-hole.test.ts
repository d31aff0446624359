import { expect, test } from 'vitest';
import { checkHole } from '../../../../src/preflight/checks/check-hole.ts';
import { PUBLICATION, SLOT } from '../facts.ts';

test('a publication that was there before the slot is fine', () => {
  expect(checkHole({ ...PUBLICATION, age: 11 }, { ...SLOT, catalogAge: 10 })).toEqual([]);
});

test.each([10, 9])('one that is %i transactions old beside a slot of 10 may have a hole behind it', (age) => {
  const codes = checkHole({ ...PUBLICATION, age }, { ...SLOT, catalogAge: 10 }).map(({ code }) => code);
  expect(codes).toEqual(['PUBLICATION_AFTER_SLOT']);
});

test('what does not exist has findings of its own', () => {
  expect(checkHole(undefined, SLOT)).toEqual([]);
  expect(checkHole(PUBLICATION, undefined)).toEqual([]);
});
