import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { SeededRandom } from '../../seeded-random.ts';
import type { RacedDaemon } from '../daemons/raced-daemon.ts';
import type { KeyEvents } from '../key-events.ts';
import type { RaceTable } from '../race-table.ts';

const LONGEST_BETWEEN_EVICTIONS_MS = 10;
const HOT_SHARE = 0.7;
/** By then the last commit of a round is on its way at least. */
const LATEST_KILL_MS = 120;

/**
 * Removes random keys until told to stop. Redis itself evicts nothing else than whole keys; done from here, it happens
 * often, whatever the memory of the machine, to no key of the daemon, and follows from the seed.
 * @returns how many keys were there to be evicted
 */
export async function evictKeys(
  { redis, table, events }: { redis: Redis; table: RaceTable; events: KeyEvents },
  hot: readonly number[],
  random: SeededRandom,
  signal: AbortSignal,
): Promise<number> {
  let evicted = 0;
  while (!signal.aborted) {
    await sleep(random.next() * LONGEST_BETWEEN_EVICTIONS_MS);
    const key = table.key(random.pick(random.next() < HOT_SHARE ? hot : table.ids));
    if ((await redis.unlink(key)) === 0) continue;
    evicted++;
    events.note(key, 'evicted');
  }
  return evicted;
}

/** Kills the daemon at a random moment of the round, mostly while commits wait, and starts the next one. */
export async function killDaemon(daemon: RacedDaemon, random: SeededRandom): Promise<void> {
  await sleep(random.next() * LATEST_KILL_MS);
  await daemon.kill();
  await daemon.start();
}
