import type { HotRow } from './hot-row.ts';

/** The key that everybody reads: `hot:${id}` of the only row. */
export const HOT_KEY = 'hot:1';

/** How one process reads and invalidates the hot key. */
export interface HotCache {
  read(load: () => Promise<HotRow>): Promise<HotRow>;
  /** What a writer does after its commit; nothing where the daemon does it. */
  invalidate(): Promise<void>;
  /** What readers have to tell beside their latencies. */
  counts?(): Readonly<Record<string, number>>;
  close(): Promise<void>;
}

export interface Contender {
  readonly name: string;
  /** The action of Freshet's rule; without it no daemon runs. */
  readonly action?: object;
  open(redisUrl: string): HotCache;
}
