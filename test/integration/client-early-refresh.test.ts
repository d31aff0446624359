import { describe, expect, test } from 'vitest';
import { SeededRandom } from '../faults/seeded-random.ts';
import { ClientCaches } from './client-caches.ts';

/** Long against the run of the test, so that the clock of Redis hardly moves. */
const LOAD_MS = 1_000_000;
const READS = 600;

/** A value with so much time left, whose load took `LOAD_MS`; then the share of reads that refresh it early. */
async function shareOfEarlyReads(seed: number, leftMs: number, earlyRefresh: number | false) {
  await using caches = new ClientCaches();
  const random = new SeededRandom(seed);
  let nowMs = 0;
  const time = { now: () => nowMs, random: () => random.next(), sleep: async () => {} };
  const { cache, of } = caches.open({ time, defaults: { ttl: leftMs, jitter: 0, earlyRefresh } });
  await cache.get('k', async () => {
    nowMs += LOAD_MS;
    return 'row';
  });
  for (let read = 0; read < READS; read++) {
    // A refresh that fails leaves the value as it is, for the next read.
    const value = await cache.get('k', async () => Promise.reject(new Error('refresh')));
    expect(value).toBe('row');
    await cache.drain();
  }
  expect(of('hit')).toHaveLength(READS);
  return of('loadFailed').length / READS;
}

describe('the share of reads that refresh early is that of XFetch, through the script and all', () => {
  test.each([
    { seed: 1, leftMs: 2 * LOAD_MS, beta: 1 },
    { seed: 2, leftMs: LOAD_MS, beta: 1 },
    { seed: 3, leftMs: LOAD_MS / 2, beta: 1 },
    { seed: 4, leftMs: LOAD_MS, beta: 2 },
  ])('$leftMs ms left, beta $beta', async ({ seed, leftMs, beta }) => {
    const probability = Math.exp(-leftMs / (LOAD_MS * beta));
    const deviation = Math.sqrt((probability * (1 - probability)) / READS);
    const share = await shareOfEarlyReads(seed, leftMs, beta);
    expect(Math.abs(share - probability)).toBeLessThan(4 * deviation + 0.01);
  });

  test('off is never', async () => {
    expect(await shareOfEarlyReads(5, 10_000, false)).toBe(0);
  });
});

test('an early refresh is one, of all processes, and its readers are served at once', async () => {
  await using caches = new ClientCaches();
  // What is drawn makes the factor as large as it gets.
  const time = { now: () => performance.now(), random: () => 1 - Number.EPSILON / 2, sleep: async () => {} };
  const processes = Array.from({ length: 3 }, () =>
    caches.open({ time, defaults: { ttl: '1h', jitter: 0 } }),
  );
  await processes[0]?.cache.get('k', async () => 'old');
  await caches.redis.hset(`${caches.prefix}k`, 'c', '600000');
  const held = Promise.withResolvers<string>();
  for (const { cache } of [...processes, ...processes]) {
    expect(await cache.get('k', async () => held.promise)).toBe('old');
  }
  held.resolve('new');
  for (const { cache } of processes) await cache.drain();
  const refreshes = processes.flatMap(({ of }) => of('loaded')).filter(({ isBackground }) => isBackground);
  expect(refreshes).toHaveLength(1);
  expect(await caches.entry('k')).toMatchObject({ v: '"new"' });
});
