import { Redis } from 'ioredis';
import { createCache, fromIoredis } from '../../../src/client/client.ts';
import { type Contender, HOT_KEY } from './contender.ts';

/** The client with its defaults; the daemon follows the row and does what the rule says. */
function freshet(name: string, action: object): Contender {
  return {
    name,
    action,
    open: (redisUrl) => {
      const redis = new Redis(redisUrl);
      const cache = createCache({ redis: fromIoredis(redis), defaults: { ttl: '1h' } });
      return {
        read: (load) => cache.get(HOT_KEY, load),
        invalidate: async () => {},
        counts: () => cache.stats(),
        close: async () => {
          await cache.drain();
          redis.disconnect();
        },
      };
    },
  };
}

export const FRESHET_DELETE = freshet('Freshet, delete', { delete: {} });
export const FRESHET_STALE = freshet('Freshet, stale', { stale: { serveFor: '5s' } });
