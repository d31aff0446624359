import { setTimeout as sleep } from 'node:timers/promises';

/** Clock, chance and timers; tests bring their own. */
export interface TimeSource {
  /** Milliseconds that never go back, from any beginning. */
  readonly now: () => number;
  /** Evenly distributed in [0, 1). */
  readonly random: () => number;
  readonly sleep: (ms: number) => Promise<void>;
}

export const SYSTEM_TIME: TimeSource = {
  now: () => performance.now(),
  random: () => Math.random(),
  sleep: async (ms) => sleep(ms),
};
