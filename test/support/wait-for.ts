import { setTimeout as sleep } from 'node:timers/promises';

export interface WaitOptions {
  /** What is awaited, for the failure's text: "key product:1 to go". */
  readonly what: string;
  readonly deadlineMs?: number;
  readonly intervalMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * Asks until the answer is neither `undefined` nor `false`, and returns it. An error thrown by the condition counts
 * as "not yet", and is the cause of the failure when the deadline passes.
 */
export async function waitFor<T>(
  condition: () => Promise<T | undefined | false> | T | undefined | false,
  { what, deadlineMs = 10_000, intervalMs = 10, signal }: WaitOptions,
): Promise<T> {
  const deadline = performance.now() + deadlineMs;
  let last: unknown;
  for (;;) {
    signal?.throwIfAborted();
    try {
      const answer = await condition();
      if (answer !== undefined && answer !== false) return answer;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (performance.now() >= deadline) {
      const reason = last instanceof Error ? `; the last try failed: ${last.message}` : '';
      throw new Error(`waited ${deadlineMs} ms in vain for ${what}${reason}`, { cause: last });
    }
    await sleep(intervalMs);
  }
}
