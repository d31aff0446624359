import { setTimeout as sleep } from 'node:timers/promises';

/** Rests after each step for as long as it took, so that half of Redis' time stays for others. */
export async function paced(step: () => Promise<boolean>, signal: AbortSignal): Promise<void> {
  for (;;) {
    const startedMs = performance.now();
    if (!(await step())) return;
    await sleep(performance.now() - startedMs, undefined, { signal });
  }
}
