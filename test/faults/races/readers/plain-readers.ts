import type { Readers } from './readers.ts';

const TTL_MS = 3_600_000;

/** Cache-aside as everybody writes it: GET, and on a miss SELECT and SET. */
export const plainReaders: Readers = {
  open:
    ({ redis, report }) =>
    async (key, load) => {
      if ((await redis.get(key)) !== null) return report(key, 'hit');
      await redis.set(key, await load(), 'PX', TTL_MS);
      report(key, 'stored');
    },
  cached: async (redis, keys) => (await redis.mget([...keys])).map((value) => value ?? undefined),
};
