import { setTimeout as sleep } from 'node:timers/promises';
import { LeadershipLostError } from '../domain/errors.ts';
import type { Backoff } from '../runtime/backoff.ts';

export interface Attempts {
  readonly backoff: Backoff;
  readonly onFault: (error: unknown) => void;
}

/** Tries until Redis takes it. @throws LeadershipLostError, or what the task throws once the signal has aborted */
export async function untilDone<T>(
  task: () => Promise<T>,
  { backoff, onFault }: Attempts,
  signal: AbortSignal,
): Promise<T> {
  for (;;) {
    try {
      const result = await task();
      backoff.reset();
      return result;
    } catch (error) {
      signal.throwIfAborted();
      // No time mends it: only another session can be the leader again.
      if (error instanceof LeadershipLostError) throw error;
      onFault(error);
      await sleep(backoff.next(), undefined, { signal });
    }
  }
}
