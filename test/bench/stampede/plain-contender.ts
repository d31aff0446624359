import { Redis } from 'ioredis';
import { type Contender, HOT_KEY } from './contender.ts';
import type { HotRow } from './hot-row.ts';

const TTL_SECONDS = 3_600;

/** What is written without any library. */
export const PLAIN: Contender = {
  name: 'GET, load, SET',
  open: (redisUrl) => {
    const redis = new Redis(redisUrl);
    return {
      read: async (load) => {
        const cached = await redis.get(HOT_KEY);
        if (cached !== null) return JSON.parse(cached) as HotRow;
        const row = await load();
        await redis.set(HOT_KEY, JSON.stringify(row), 'EX', TTL_SECONDS);
        return row;
      },
      invalidate: async () => {
        await redis.unlink(HOT_KEY);
      },
      close: async () => redis.disconnect(),
    };
  },
};
