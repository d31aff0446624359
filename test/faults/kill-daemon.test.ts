import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { FaultBench } from './fault-bench.ts';
import { SeededRandom } from './seeded-random.ts';
import { IS_LONG } from './test-length.ts';

const ROUNDS = IS_LONG ? 50 : 12;
const LONGEST_LIFE_MS = 2_000;

test(`kill -9 of the daemon at ${ROUNDS} random moments under load`, async () => {
  await using bench = await FaultBench.open({ rows: ROUNDS * 3_000 });
  let daemon = await bench.startDaemon();
  await bench.cache.fill();
  const writers = bench.write();
  const random = new SeededRandom(bench.seed);

  for (let round = 1; round <= ROUNDS; round++) {
    // A random moment, not a wait: in its start, in the backlog that it finds, or when it has caught up.
    await sleep(random.next() * LONGEST_LIFE_MS);
    await daemon.stop('SIGKILL');
    await bench.acks.check();
    expect(bench.acks.early, `keys of confirmed changes after kill ${round}`).toEqual([]);
    // The last kill is at the end of the writing: nothing that comes later hides what it lost.
    if (round === ROUNDS) await bench.quiesce();
    daemon = await bench.launchDaemon();
  }

  expect(writers.commits).toBeGreaterThan(ROUNDS * 50);
  await daemon.waitUntilReady();
  await bench.expectConverged(daemon);
});
