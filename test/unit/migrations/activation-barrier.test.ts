import { expect, test } from 'vitest';
import { ActivationBarrier } from '../../../src/migrations/activation-barrier.ts';

test('what was raised is due when every transaction that ran then has ended, and once', () => {
  const barrier = new ActivationBarrier<string>();
  barrier.raise('users', 10n);
  barrier.raise('parts', 12n);
  expect(barrier.passed({ xmin: 9n })).toEqual([]);
  expect(barrier.size).toBe(2);
  expect(barrier.passed({ xmin: 10n })).toEqual(['users']);
  expect(barrier.passed({ xmin: 11n })).toEqual([]);
  expect(barrier.passed({ xmin: 20n })).toEqual(['parts']);
  expect(barrier.size).toBe(0);
});
