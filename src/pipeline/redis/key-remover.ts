import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { Batch } from '../../domain/batch.ts';
import type { Origin } from '../../domain/effect.ts';

/** Many keys a command is nine times faster than one; more than this would hold Redis up for others. */
const KEYS_PER_UNLINK = 500;
const KEYS_PER_SCAN = 1_000;

/** What became of the keys of one rule. */
export interface Removal {
  /** Keys that Redis was told to remove. */
  requested: number;
  /** Those that existed. */
  existed: number;
}

export type Removals = Map<Origin['rule'], Removal>;

/** Applies batches to Redis. Removing is idempotent: after a fault the whole batch is applied again. */
export class KeyRemover {
  readonly #redis: Redis;

  constructor(redis: Redis) {
    this.#redis = redis;
  }

  /**
   * Resolves once Redis has confirmed every single command.
   * @throws the first reply that was an error; what was applied by then is unknown
   */
  async apply(batch: Batch, signal: AbortSignal): Promise<Removals> {
    const removals: Removals = new Map();
    const commands: Promise<void>[] = [];
    const pending = new Map<string, string[]>();
    for (const { key, origin } of batch.keys.values()) {
      let keys = pending.get(origin.rule);
      if (keys === undefined) pending.set(origin.rule, (keys = []));
      keys.push(key);
      if (keys.length < KEYS_PER_UNLINK) continue;
      commands.push(this.#unlink(origin.rule, keys, removals));
      pending.delete(origin.rule);
    }
    for (const [rule, keys] of pending) commands.push(this.#unlink(rule, keys, removals));
    await Promise.all(commands);
    for (const origin of batch.purges) await this.#purge(origin, removals, signal);
    return removals;
  }

  async #unlink(rule: string, keys: readonly string[], removals: Removals): Promise<void> {
    const existed = await this.#redis.unlink(...keys);
    const removal = removals.get(rule) ?? { requested: 0, existed: 0 };
    removal.requested += keys.length;
    removal.existed += existed;
    removals.set(rule, removal);
  }

  /** Walks the whole key space in small steps and rests after each for as long as it took: half of Redis' time stays. */
  async #purge({ rule, pattern }: Origin, removals: Removals, signal: AbortSignal): Promise<void> {
    let cursor = '0';
    do {
      const startedMs = performance.now();
      const [next, keys] = await this.#redis.scan(cursor, 'MATCH', pattern, 'COUNT', KEYS_PER_SCAN);
      if (keys.length > 0) await this.#unlink(rule, keys, removals);
      cursor = next;
      if (cursor !== '0') await sleep(performance.now() - startedMs, undefined, { signal });
    } while (cursor !== '0');
  }
}
