import { Redis } from 'ioredis';
import { inject } from 'vitest';
import type { Cache, CacheEvent, CacheOptions } from '../../src/client/client.ts';
import { createCache, fromIoredis } from '../../src/client/client.ts';
import { RedisKeys } from './redis-keys.ts';

/** A cache as one process has it: with a connection of its own, and all that it has reported. */
export interface OpenCache {
  readonly cache: Cache;
  readonly redis: Redis;
  readonly events: readonly CacheEvent[];
  /** Of one kind, in their order. */
  readonly of: <Kind extends CacheEvent['kind']>(
    kind: Kind,
  ) => readonly Extract<CacheEvent, { kind: Kind }>[];
}

/** The caches of one test and their keys, `await using`. */
export class ClientCaches extends RedisKeys {
  readonly #url: string;
  readonly #opened: OpenCache[] = [];

  constructor(url = inject('redisUrl')) {
    super(url);
    // A test may stop its Redis.
    this.redis.on('error', () => {});
    this.#url = url;
  }

  open(options: Partial<CacheOptions> = {}, url = this.#url): OpenCache {
    const redis = new Redis(url, { retryStrategy: () => 20, maxRetriesPerRequest: null });
    redis.on('error', () => {});
    const events: CacheEvent[] = [];
    const cache = createCache({
      redis: fromIoredis(redis),
      prefix: this.prefix,
      defaults: { ttl: '1h' },
      // A busy machine is slower than any network.
      redisTimeout: '5s',
      onEvent: (event) => events.push(event),
      ...options,
    });
    const opened: OpenCache = {
      cache,
      redis,
      events,
      of: (kind) => events.filter((event) => event.kind === kind) as never,
    };
    this.#opened.push(opened);
    return opened;
  }

  /** The fields of an entry. */
  async entry(key: string): Promise<Readonly<Record<string, string>>> {
    return this.redis.hgetall(this.prefix + key);
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    for (const { cache, redis } of this.#opened) {
      await cache.drain();
      redis.disconnect();
    }
    await super[Symbol.asyncDispose]();
  }
}

/** A loader whose ends the test decides: `const gate = heldLoad('row')`, later `gate.end()`. */
export function heldLoad<T>(value: T) {
  const started = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<T>();
  return {
    started: started.promise,
    load: async (): Promise<T> => {
      started.resolve();
      return ended.promise;
    },
    end: (): void => ended.resolve(value),
    fail: (error: Error): void => ended.reject(error),
  };
}
