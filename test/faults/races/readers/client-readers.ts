import { createCache, fromIoredis, type KeepOptions } from '../../../../src/client/client.ts';
import { NO_ROW } from '../race-table.ts';
import type { Readers, ReadOutcome } from './readers.ts';

const OUTCOMES: Readonly<Record<string, ReadOutcome>> = {
  hit: 'hit',
  staleServed: 'hit',
  filled: 'stored',
  fillRefused: 'refused',
};

/** Longer than a busy machine stops for: a read that goes around the cache races with nobody. */
const REDIS_TIMEOUT = '10s';

/** Readers with the product's client: leases. What is kept ends far beyond a race, unless the options say otherwise. */
export function clientReaders(options: KeepOptions = {}): Readers {
  return {
    open: ({ redis, report }) => {
      const cache = createCache({
        redis: fromIoredis(redis),
        defaults: { ttl: '1h', negativeTtl: '1h', ...options },
        redisTimeout: REDIS_TIMEOUT,
        onEvent: (event) => {
          const outcome = OUTCOMES[event.kind];
          if (outcome !== undefined && 'key' in event) report(event.key, outcome);
        },
      });
      return async (key, load) => {
        await cache.get(key, async () => {
          const version = await load();
          return version === NO_ROW ? undefined : version;
        });
        // A refresh behind the caller's back.
        await cache.drain();
      };
    },

    /** What is marked stale claims nothing: whoever reads it next loads. What is only old claims to be true. */
    cached: (redis, keys) =>
      Promise.all(
        keys.map(async (key) => {
          const [value, isNone, freshUntil] = await redis.hmget(key, 'v', 'n', 'f');
          if (typeof value !== 'string' || freshUntil === '0') return undefined;
          return isNone === '1' ? NO_ROW : String(JSON.parse(value));
        }),
      ),
  };
}
