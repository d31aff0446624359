import { describe, expect, test } from 'vitest';
import { earlyFactor } from '../../../src/client/early-refresh.ts';
import { SeededRandom } from '../../faults/seeded-random.ts';

/**
 * Figure of Vattani, Chierichetti, Lowenstein (VLDB 2015), XFetch: recompute iff
 * `now - delta * beta * ln(rand()) >= expiry`.
 */
function isRefreshed(nowMs: number, endMs: number, deltaMs: number, factor: number): boolean {
  return nowMs + deltaMs * factor >= endMs;
}

const DRAWS = 20_000;

describe('the share of readers who refresh early is exp(-(time left) / (delta * beta))', () => {
  const cases = [1, 2, 3].flatMap((seed) =>
    [0.5, 1, 2].flatMap((beta) => [0, 20, 100, 300].map((leftMs) => ({ seed, beta, leftMs }))),
  );
  test.each(cases)(
    'seed $seed, beta $beta, $leftMs ms left of a load of 100 ms',
    ({ seed, beta, leftMs }) => {
      const random = new SeededRandom(seed);
      const endMs = 1_000_000;
      let refreshed = 0;
      for (let draw = 0; draw < DRAWS; draw++) {
        const factor = earlyFactor(beta, () => random.next());
        if (isRefreshed(endMs - leftMs, endMs, 100, factor)) refreshed++;
      }
      const probability = Math.exp(-leftMs / (100 * beta));
      // Four standard deviations of a share of so many draws.
      const tolerance = 4 * Math.sqrt((probability * (1 - probability)) / DRAWS) + 1e-9;
      expect(Math.abs(refreshed / DRAWS - probability)).toBeLessThanOrEqual(tolerance);
    },
  );
});

test('the formula is the one of the paper, draw by draw', () => {
  const [ours, theirs] = [new SeededRandom(7), new SeededRandom(7)];
  for (let draw = 0; draw < 1_000; draw++) {
    expect(earlyFactor(1.5, () => ours.next())).toBe(-1.5 * Math.log(1 - theirs.next()));
  }
});

test('never endless, whatever is drawn, and 0 where it is off', () => {
  expect(earlyFactor(1, () => 0)).toBeCloseTo(0, 15);
  expect(earlyFactor(1, () => 1 - Number.EPSILON / 2)).toBeLessThan(40);
  expect(earlyFactor(0, () => 0.5)).toBe(0);
});
