import { expect, test } from 'vitest';
import { toLsn } from '../../../src/domain/lsn.ts';
import { RepeatedPurges } from '../../../src/migrations/repeated-purges.ts';

const seenAt = (lsn: bigint) => ({ lsn: toLsn(lsn), nextXid: 10n });

test('is due once, when the stream has come to where the change was seen', () => {
  const purges = new RepeatedPurges<string>();
  purges.raise('users', seenAt(100n), false);
  purges.raise('parts', seenAt(200n), false);
  expect(purges.size).toBe(2);
  expect(purges.reached(toLsn(99n))).toEqual([]);
  expect(purges.reached(toLsn(100n))).toEqual(['users']);
  expect(purges.reached(toLsn(300n))).toEqual(['parts']);
  expect(purges.size).toBe(0);
});

test('is not due of a change that was seen where the stream is already', () => {
  const purges = new RepeatedPurges<string>();
  purges.reached(toLsn(100n));
  purges.raise('users', seenAt(100n), false);
  expect(purges.size).toBe(0);
});

test('is due too when all transactions of that time have ended, where their changes are missed', () => {
  const purges = new RepeatedPurges<string>();
  purges.reached(toLsn(100n));
  purges.raise('users', seenAt(100n), true);
  expect(purges.passed({ xmin: 9n })).toEqual([]);
  expect(purges.size).toBe(1);
  expect(purges.passed({ xmin: 10n })).toEqual(['users']);
  expect(purges.size).toBe(0);
});
