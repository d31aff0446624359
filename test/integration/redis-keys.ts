import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import { inject } from 'vitest';

/** What one test file owns in the run's shared Redis: every key with its prefix, and their versions. */
export class RedisKeys implements AsyncDisposable {
  readonly redis: Redis;
  readonly prefix = `f${randomBytes(5).toString('hex')}:`;

  constructor(url = inject('redisUrl')) {
    this.redis = new Redis(url);
  }

  /** All keys of the prefix with what they hold: a string, the fields of a hash, the members of a set, with scores if sorted. */
  async contents(prefix = this.prefix): Promise<Readonly<Record<string, unknown>>> {
    const keys = (await this.#find(`${prefix}*`)).toSorted();
    const values = await Promise.all(keys.map((key) => this.#read(key)));
    return Object.fromEntries(keys.map((key, index) => [key.slice(prefix.length), values[index]]));
  }

  /** How long the keys of the prefix and their versions live, in milliseconds; -1 would be for ever. */
  async lives(): Promise<readonly number[]> {
    const keys = [...(await this.#find(`${this.prefix}*`)), ...(await this.#versions())];
    return Promise.all(keys.map((key) => this.redis.pttl(key)));
  }

  /** Deletes them all. */
  async clear(): Promise<void> {
    const keys = [...(await this.#find(`${this.prefix}*`)), ...(await this.#versions())];
    if (keys.length > 0) await this.redis.unlink(keys);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.clear();
    this.redis.disconnect();
  }

  async #read(key: string): Promise<unknown> {
    switch (await this.redis.type(key)) {
      case 'string':
        return this.redis.get(key);
      case 'hash':
        return this.redis.hgetall(key);
      case 'set':
        return (await this.redis.smembers(key)).toSorted();
      case 'zset':
        return this.redis.zrange(key, '0', '-1', 'WITHSCORES');
      default:
        return `a key of another type`;
    }
  }

  async #versions(): Promise<readonly string[]> {
    const names = [`freshet:version:{${this.prefix}*`, `freshet:version:of:${this.prefix}*`];
    return (await Promise.all(names.map((pattern) => this.#find(pattern)))).flat();
  }

  async #find(pattern: string): Promise<readonly string[]> {
    const keys = new Set<string>();
    let cursor = '0';
    do {
      const [next, found] = await this.redis.scan(cursor, 'MATCH', pattern, 'COUNT', 1_000);
      for (const key of found) keys.add(key);
      cursor = next;
    } while (cursor !== '0');
    return [...keys];
  }
}
