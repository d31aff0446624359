import { expect, test } from 'vitest';
import { Patience } from '../../../src/client/patience.ts';

async function pausesOf(limitMs: number, random: () => number) {
  let nowMs = 0;
  const pauses: number[] = [];
  const patience = new Patience(limitMs, {
    now: () => nowMs,
    random,
    sleep: async (ms) => {
      pauses.push(ms);
      nowMs += ms;
    },
  });
  while (await patience.pause());
  return { pauses, waitedMs: patience.waitedMs };
}

test('pauses grow up to a bound, and end with patience', async () => {
  const { pauses, waitedMs } = await pausesOf(500, () => 0.999_999);
  expect(pauses.slice(0, 7).map(Math.round)).toEqual([5, 7, 11, 17, 25, 38, 40]);
  expect(Math.max(...pauses)).toBeLessThanOrEqual(40);
  expect(waitedMs).toBeCloseTo(500, 6);
});

test('two who wait do not come at the same moments', async () => {
  const [one, other] = [await pausesOf(500, () => 0.1), await pausesOf(500, () => 0.9)];
  expect(one.pauses[0]).toBeCloseTo(2.75);
  expect(other.pauses[0]).toBeCloseTo(4.75);
});
