import type { Redis } from 'ioredis';
import type { Batch } from '../../domain/batch.ts';
import type { Origin } from '../../domain/effect.ts';
import { LEASE_SCRIPTS } from '../../lease/lease-scripts.ts';
import { inGroups } from './in-groups.ts';

/** What became of the keys of one rule. */
export interface Marked {
  /** Readers may be served their old value for a while. */
  marked: number;
  /** There was nothing to serve; whatever was there is gone. */
  removed: number;
}

export type Marks = Map<Origin['rule'], Marked>;

interface Scripts {
  freshetStale(key: string, serveMs: number): Promise<number>;
}

/** Marks entries of the lease protocol as stale. It may be done again, early or late, in any order. */
export class StaleMarker {
  readonly #redis: Redis & Scripts;

  constructor(redis: Redis) {
    redis.defineCommand('freshetStale', { numberOfKeys: 1, lua: LEASE_SCRIPTS.stale });
    this.#redis = redis as Redis & Scripts;
  }

  /** Resolves once Redis has confirmed every single mark. @throws the first reply that was an error */
  async mark(batch: Batch): Promise<Marks> {
    const marks: Marks = new Map();
    const stale = batch.keys.values().filter((effect) => effect.kind === 'stale');
    await inGroups(stale, async ({ key, serveMs, origin: { rule } }) => {
      const isMarked = (await this.#redis.freshetStale(key, serveMs)) === 1;
      const before = marks.get(rule) ?? { marked: 0, removed: 0 };
      before[isMarked ? 'marked' : 'removed']++;
      marks.set(rule, before);
    });
    return marks;
  }
}
