import { createKeyv } from '@keyv/redis';
import { Cacheable, type CacheableOptions } from 'cacheable';
import { type Contender, HOT_KEY } from './contender.ts';
import { RedisMessages } from './redis-messages.ts';

function cacheable(name: string, optionsFor: (redisUrl: string) => CacheableOptions): Contender {
  return {
    name,
    open: (redisUrl) => {
      const cache = new Cacheable({ ttl: '1h', ...optionsFor(redisUrl) });
      return {
        read: async (load) => {
          const row = await cache.getOrSet(HOT_KEY, load, { throwErrors: true });
          if (row === undefined) throw new Error('cacheable has neither a value nor an error');
          return row;
        },
        invalidate: async () => {
          await cache.delete(HOT_KEY);
        },
        close: async () => {
          await cache.disconnect();
          await cache.sync?.qified.disconnect();
        },
      };
    },
  };
}

/** What it advises over several processes; without `sync` the memory of each would be old for its whole TTL. */
export const CACHEABLE_TWO_LAYERS = cacheable('cacheable, memory + Redis + sync', (redisUrl) => ({
  secondary: createKeyv(redisUrl),
  sync: { qified: new RedisMessages(redisUrl) },
}));

export const CACHEABLE_REDIS = cacheable('cacheable, Redis only', (redisUrl) => ({
  primary: createKeyv(redisUrl),
}));
