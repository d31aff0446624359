import { evalBySha } from './eval-by-sha.ts';
import type { RedisPort } from './redis-port.ts';

/** What of ioredis is used: `Redis` and `Cluster` have it. */
export interface IoredisClient {
  evalsha(sha1: string, numberOfKeys: number, ...keyAndArgs: string[]): Promise<unknown>;
  eval(lua: string, numberOfKeys: number, ...keyAndArgs: string[]): Promise<unknown>;
  unlink(key: string): Promise<number>;
  readonly options?: { readonly keyPrefix?: string | undefined };
}

/** @throws TypeError where the client puts a prefix before keys */
export function fromIoredis(redis: IoredisClient): RedisPort {
  if (redis.options?.keyPrefix) {
    throw new TypeError(
      "ioredis' keyPrefix would be put before Freshet's heartbeat, and not before the keys that a tag names: " +
        'use a client without it, and createCache({prefix})',
    );
  }
  return {
    run: ({ sha1, lua }, key, args) =>
      evalBySha(
        () => redis.evalsha(sha1, 1, key, ...args),
        () => redis.eval(lua, 1, key, ...args),
      ),
    remove: async (keys) => {
      await Promise.all(keys.map((key) => redis.unlink(key)));
    },
  };
}
