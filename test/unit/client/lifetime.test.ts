import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { lifetimeOf, longestLifeMs } from '../../../src/client/lifetime.ts';
import { readSettings } from '../../../src/client/read-options.ts';

const ENDLESS = Number.POSITIVE_INFINITY;
const settings = readSettings({ ttl: 1_000, staleFor: 500, negativeTtl: 100, jitter: 0.2 }, {});

test('jitter makes the fresh time longer or shorter, the stale time comes behind it', () => {
  expect(lifetimeOf(settings, false, ENDLESS, () => 0)).toEqual({ freshMs: 800, keptMs: 1_300 });
  expect(lifetimeOf(settings, false, ENDLESS, () => 0.5)).toEqual({ freshMs: 1_000, keptMs: 1_500 });
});

test('a negative result has its own time, and is never served stale', () => {
  expect(lifetimeOf(settings, true, ENDLESS, () => 0.5)).toEqual({ freshMs: 100, keptMs: 100 });
});

test('a bound is one on all of it', () => {
  expect(lifetimeOf(settings, false, 1_200, () => 0.5)).toEqual({ freshMs: 1_000, keptMs: 1_200 });
  expect(lifetimeOf(settings, false, 50, () => 0.5)).toEqual({ freshMs: 50, keptMs: 50 });
});

test('no key outlives what its tags were told', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      fc.boolean(),
      (draw, isNegative) => {
        const { keptMs } = lifetimeOf(settings, isNegative, ENDLESS, () => draw);
        expect(keptMs + settings.leaseMs).toBeLessThanOrEqual(longestLifeMs(settings));
      },
    ),
  );
});
