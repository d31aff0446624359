import { expect, test } from 'vitest';
import { type CacheOptions, createCache } from '../../../src/client/client.ts';

const redis = { run: async () => null, remove: async () => {} };

test.each<[Partial<CacheOptions>, string]>([
  [{ redisTimeout: '30d' }, 'redisTimeout: 2592000000 ms is too long, 2147483647 ms is the most'],
  [{ fallback: { queueTimeout: '30d' } }, 'fallback.queueTimeout: 2592000000 ms is too long'],
  [{ redisTimeout: Number.POSITIVE_INFINITY }, 'redisTimeout: Infinity is not a duration'],
  [
    { freshness: { maxLag: '2d', policy: 'bypass' } },
    'freshness.maxLag: 172800000 ms is too long, 86400000 ms is the most',
  ],
])('%j is refused: %s', (options, problem) => {
  expect(() => createCache({ redis, ...options })).toThrow(problem);
});
