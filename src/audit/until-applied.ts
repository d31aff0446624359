import { setTimeout as sleep } from 'node:timers/promises';
import type { Lsn } from '../domain/lsn.ts';

const POLL_MS = 50;

export interface AppliedPositions {
  /** Where the WAL ends now: what anybody can see was committed before. */
  readonly walEnd: () => Promise<Lsn>;
  /** Up to where the daemon has applied everything. */
  readonly confirmed: () => Promise<Lsn>;
}

/**
 * Waits until the daemon has applied everything that was committed by now.
 * @returns false where that takes longer than `withinMs`
 * @throws whatever the two positions throw
 */
export async function untilApplied(
  { walEnd, confirmed }: AppliedPositions,
  withinMs: number,
  signal?: AbortSignal,
): Promise<boolean> {
  const deadlineMs = performance.now() + withinMs;
  const end = await walEnd();
  while ((await confirmed()) < end) {
    if (performance.now() >= deadlineMs) return false;
    await sleep(POLL_MS, undefined, { signal });
  }
  return true;
}
