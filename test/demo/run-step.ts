import { setTimeout as sleep } from 'node:timers/promises';
import type { KeyWatch } from './key-watch.ts';
import type { Shop } from './shop.ts';
import type { Step } from './steps.ts';

/** What a step was seen to do. */
export interface StepResult {
  /** The expected keys that went, with milliseconds from commit to gone. */
  readonly gone: ReadonlyMap<string, number>;
  /** Expected to go and still there. */
  readonly missed: readonly string[];
  /** Expected to stay and gone or changed. */
  readonly lost: readonly string[];
  /** How many other keys were there and are untouched. */
  readonly untouched: number;
}

const DEADLINE_MS = 10_000;

/** Fills the cache, makes the change, and watches until everything has happened that will. */
export async function runStep(shop: Shop, watch: KeyWatch, { sql, goes }: Step): Promise<StepResult> {
  const cached = await shop.fillCache();
  const expected = new Set([...cached.keys()].filter(goes));
  const changedAtMs = new Map<string, number>();
  const allGone = new Promise<void>((resolve) => {
    const waiting = new Set(expected);
    if (waiting.size === 0) resolve();
    watch.listen((key, atMs) => {
      // Freshet may delete a key again where it deleted it early; the first time is when it went.
      if (!changedAtMs.has(key)) changedAtMs.set(key, atMs);
      waiting.delete(key);
      if (waiting.size === 0) resolve();
    });
  });

  const committedAtMs = await shop.change(sql);
  await Promise.race([allGone, sleep(DEADLINE_MS, undefined, { ref: false })]);
  await shop.untilSettled(DEADLINE_MS);

  const changed = new Set(await shop.changedKeys(cached));
  const gone = [...expected].filter((key) => changed.has(key));
  const sinceCommit = (key: string): number => {
    const atMs = changedAtMs.get(key);
    if (atMs === undefined) throw new Error(`${key} went, but Redis did not report when`);
    // The report can overtake the server's answer to COMMIT on its way through this process.
    return Math.max(0, atMs - committedAtMs);
  };
  return {
    gone: new Map(gone.map((key) => [key, sinceCommit(key)])),
    missed: [...expected].filter((key) => !changed.has(key)),
    lost: [...changed].filter((key) => !expected.has(key)),
    untouched: cached.size - new Set([...expected, ...changed]).size,
  };
}
