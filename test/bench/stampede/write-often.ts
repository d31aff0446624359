import { setTimeout as sleep } from 'node:timers/promises';
import type { SqlClient } from '../../support/sql-client.ts';
import type { HotCache } from './contender.ts';
import { changeHotRow } from './hot-row.ts';
import { monotonicMs } from './reader-messages.ts';

/** By version: when its commit was answered. */
export type Commits = ReadonlyMap<number, number>;

/**
 * Changes the row, and invalidates the key after each commit, so many times a second: each at a random moment of its
 * part of the second, for a beat that never changes would never meet a load that is under way.
 */
export async function writeOften(
  sql: SqlClient,
  cache: HotCache,
  timesPerSecond: number,
  seconds: number,
): Promise<Commits> {
  const commits = new Map<number, number>();
  const startMs = monotonicMs();
  for (let beat = 0; beat < seconds * timesPerSecond; beat++) {
    const dueMs = startMs + ((beat + Math.random()) * 1_000) / timesPerSecond;
    await sleep(Math.max(0, dueMs - monotonicMs()));
    commits.set(await changeHotRow(sql), monotonicMs());
    await cache.invalidate();
  }
  return commits;
}
