import { setTimeout as sleep } from 'node:timers/promises';
import { describeLockBlocker, type LockBlocker } from './lock-blockers.ts';

export interface BlockerReport {
  /** `slot freshet`, `statement 2`: what waits. */
  readonly what: string;
  readonly readBlockers: () => Promise<readonly LockBlocker[]>;
  readonly report: (line: string) => void;
  readonly intervalMs: number;
}

/** While something runs, says once of each other backend that it waits for that one's end. */
export async function reportBlockers<Result>(
  running: Promise<Result>,
  blockers: BlockerReport,
): Promise<Result> {
  const over = new AbortController();
  const watching = watch(blockers, over.signal);
  try {
    return await running;
  } finally {
    over.abort();
    await watching;
  }
}

async function watch(
  { what, readBlockers, report, intervalMs }: BlockerReport,
  signal: AbortSignal,
): Promise<void> {
  const reported = new Set<number>();
  try {
    for (;;) {
      await sleep(intervalMs, undefined, { signal });
      for (const blocker of await readBlockers()) {
        if (reported.has(blocker.pid)) continue;
        reported.add(blocker.pid);
        report(`${what} waits for the end of ${describeLockBlocker(blocker)}`);
      }
    }
  } catch {
    // What was waited for has ended, or its own query reports why not.
  }
}
