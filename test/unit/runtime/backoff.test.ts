import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Backoff } from '../../../src/runtime/backoff.ts';

test('delays double up to the limit, and start anew once the thing has worked', () => {
  const backoff = new Backoff({ initialMs: 100, maxMs: 1_000 }, () => 1);
  expect(Array.from({ length: 6 }, () => backoff.next())).toEqual([100, 200, 400, 800, 1_000, 1_000]);
  backoff.reset();
  expect(backoff.next()).toBe(100);
});

test('every delay is between half and all of its step, whatever chance says', () => {
  const limits = fc
    .tuple(fc.integer({ min: 1, max: 10_000 }), fc.integer({ min: 1, max: 100 }))
    .map(([initialMs, factor]) => ({ initialMs, maxMs: initialMs * factor }));
  const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  const isReset = fc.boolean();
  fc.assert(
    fc.property(
      limits,
      fc.array(fc.tuple(chance, isReset), { maxLength: 40 }),
      ({ initialMs, maxMs }, faults) => {
        let random = 0;
        const backoff = new Backoff({ initialMs, maxMs }, () => random);
        let stepMs = initialMs;
        for (const [nextRandom, hasWorked] of faults) {
          if (hasWorked) {
            backoff.reset();
            stepMs = initialMs;
          }
          random = nextRandom;
          const delayMs = backoff.next();
          expect(delayMs).toBeGreaterThanOrEqual(stepMs / 2);
          expect(delayMs).toBeLessThanOrEqual(stepMs);
          stepMs = Math.min(stepMs * 2, maxMs);
        }
      },
    ),
  );
});
