import { expect, test } from 'vitest';
import { Background } from '../../../src/client/background.ts';
import { Freshness, type FreshnessBound } from '../../../src/client/freshness.ts';
import { HeartbeatReader } from '../../../src/client/heartbeat-reader.ts';

/** A daemon whose heartbeat says what the test says, and a clock that goes when the test says. */
function watch(bound: FreshnessBound) {
  const world = { nowMs: 0, ageMs: undefined as number | undefined, readings: 0 };
  const heartbeat = new HeartbeatReader({
    heartbeat: async () => {
      world.readings++;
      return world.ageMs === undefined ? undefined : { position: '0/1', ageMs: world.ageMs };
    },
  });
  const time = { now: () => world.nowMs, random: Math.random, sleep: async () => {} };
  const background = new Background();
  return { world, background, freshness: new Freshness(bound, heartbeat, background, time) };
}

test('the heartbeat is read once a second, behind the back of those who ask', async () => {
  const { world, background, freshness } = watch({ maxLagMs: 5_000, policy: 'bypass' });
  world.ageMs = 100;
  expect(await Promise.all([freshness.mustGoAround(), freshness.mustGoAround()])).toEqual([false, false]);
  expect(world.readings).toBe(1);
  world.nowMs = 999;
  expect(await freshness.mustGoAround()).toBe(false);
  expect(world.readings).toBe(1);
  world.nowMs = 1_000;
  world.ageMs = 10_000;
  // The last reading still says that all is well; the next one, made now, is for those who come later.
  expect(await freshness.mustGoAround()).toBe(false);
  await background.drain();
  expect(world.readings).toBe(2);
  expect(await freshness.mustGoAround()).toBe(true);
});

test('between readings the age grows: an old one is not believed, but made anew first', async () => {
  const { world, freshness } = watch({ maxLagMs: 5_000, policy: 'bypass' });
  world.ageMs = 100;
  expect(await freshness.mustGoAround()).toBe(false);
  world.nowMs = 3_600_000;
  expect(await freshness.mustGoAround()).toBe(false);
  expect(world.readings).toBe(2);
});

test('no heartbeat is too old; while it stays away it is looked for once a second', async () => {
  const { world, freshness } = watch({ maxLagMs: 5_000, policy: 'bypass' });
  for (world.nowMs = 0; world.nowMs < 2_000; world.nowMs += 100) {
    expect(await freshness.mustGoAround()).toBe(true);
  }
  expect(world.readings).toBe(2);
});

test('a bound nearer than two seconds is looked after more often', async () => {
  const { world, freshness } = watch({ maxLagMs: 200, policy: 'bypass' });
  world.ageMs = 10;
  for (world.nowMs = 0; world.nowMs < 1_000; world.nowMs += 50) {
    expect(await freshness.mustGoAround()).toBe(false);
  }
  expect(world.readings).toBe(10);
});

test('shorten goes around nothing, and bounds what is stored while Freshet is behind', async () => {
  const { world, freshness } = watch({ maxLagMs: 5_000, policy: 'shorten' });
  expect(await freshness.mustGoAround()).toBe(false);
  expect(await freshness.longestLifeMs()).toBe(5_000);
  world.ageMs = 100;
  world.nowMs = 1_000;
  expect(await freshness.longestLifeMs()).toBe(Number.POSITIVE_INFINITY);
});
