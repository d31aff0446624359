import { setTimeout as sleep } from 'node:timers/promises';

export const FIRST_WAIT_MS = 1;
export const LONGEST_WAIT_MS = 50;

/** Asks until it is so, soon again at first. @throws what `isSo` throws, and when the signal aborts */
export async function until(isSo: () => Promise<boolean>, signal: AbortSignal): Promise<void> {
  for (let waitMs = FIRST_WAIT_MS; !(await isSo()); waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)) {
    await sleep(waitMs, undefined, { signal });
  }
}
