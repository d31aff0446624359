import { Redis } from 'ioredis';
import { createCache, fromIoredis } from '../../src/client/client.ts';

/** A process that takes the lease of the key `k`, says so, and loads for ever. */
const [url = '', prefix = ''] = process.argv.slice(2);
const cache = createCache({ redis: fromIoredis(new Redis(url)), prefix, redisTimeout: '10s' });
await cache.get(
  'k',
  async () => {
    process.stdout.write('loading\n');
    return new Promise<never>(() => {});
  },
  { ttl: '1m', lease: '3s', loadTimeout: '1m' },
);
