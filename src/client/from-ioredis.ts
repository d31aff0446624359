import { evalBySha } from './eval-by-sha.ts';
import type { RedisPort } from './redis-port.ts';

/** What of ioredis is used: `Redis` and `Cluster` have it. */
export interface IoredisClient {
  evalsha(sha1: string, numberOfKeys: number, ...keyAndArgs: string[]): Promise<unknown>;
  eval(lua: string, numberOfKeys: number, ...keyAndArgs: string[]): Promise<unknown>;
  unlink(key: string): Promise<number>;
  readonly options?: {
    readonly keyPrefix?: string | undefined;
    readonly stringNumbers?: boolean | undefined;
    /** Of a Cluster's nodes. */
    readonly redisOptions?: { readonly stringNumbers?: boolean | undefined } | undefined;
  };
}

/** @throws TypeError where the client puts a prefix before keys, or makes texts of numbers */
export function fromIoredis(redis: IoredisClient): RedisPort {
  if (redis.options?.keyPrefix) {
    throw new TypeError(
      "ioredis' keyPrefix would be put before Freshet's heartbeat, and not before the keys that a tag names: " +
        'use a client without it, and createCache({prefix})',
    );
  }
  if (redis.options?.stringNumbers || redis.options?.redisOptions?.stringNumbers) {
    throw new TypeError(
      "ioredis' stringNumbers makes a text of the number by which a script says whether it has stored: " +
        'use a client without it',
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
