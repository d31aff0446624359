import type { Redis } from 'ioredis';
import { refuse } from './redis-errors.ts';
import { scanKeys } from './scan-keys.ts';

const KEYS_PER_UNLINK = 500;

/** All keys of a Redis database, to look through. Every call throws RetryableError where Redis refuses. */
export class KeySpace {
  readonly #redis: Redis;

  constructor(redis: Redis) {
    this.#redis = redis;
  }

  /** How many keys there are, Freshet's own among them. */
  async size(): Promise<number> {
    return this.#redis.dbsize().catch(refuse);
  }

  /** Any one; undefined where there is none. */
  async random(): Promise<string | undefined> {
    return (await this.#redis.randomkey().catch(refuse)) ?? undefined;
  }

  /** Hands over all keys of a pattern but Freshet's own, group by group; a key may come twice, as from any SCAN. */
  async scan(pattern: string, onKeys: (keys: readonly string[]) => void, signal: AbortSignal): Promise<void> {
    await scanKeys(this.#redis, pattern, async (keys) => onKeys(keys), signal).catch(refuse);
  }

  /** @returns how many existed */
  async remove(keys: readonly string[]): Promise<number> {
    let existed = 0;
    for (let from = 0; from < keys.length; from += KEYS_PER_UNLINK)
      existed += await this.#redis.unlink(...keys.slice(from, from + KEYS_PER_UNLINK)).catch(refuse);
    return existed;
  }
}
