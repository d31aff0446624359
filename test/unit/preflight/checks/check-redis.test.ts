import { describe, expect, test } from 'vitest';
import type { RedisFacts } from '../../../../src/pipeline/redis/describe-redis.ts';
import { checkRedis } from '../../../../src/preflight/checks/check-redis.ts';

const REDIS = {
  kind: 'reachable',
  address: 'cache:6379',
  version: '7.0.15',
  isReplica: false,
  isCluster: false,
  maxMemoryBytes: 0,
  evictionPolicy: 'noeviction',
} as const satisfies RedisFacts;

describe('checkRedis', () => {
  test.each<[string, RedisFacts]>([
    ['', REDIS],
    ['', { ...REDIS, version: '6.2.0' }],
    ['', { ...REDIS, maxMemoryBytes: 1_000, evictionPolicy: 'allkeys-lfu' }],
    ['warning REDIS_NO_EVICTION', { ...REDIS, maxMemoryBytes: 1_000 }],
    ['error REDIS_TOO_OLD', { ...REDIS, version: '6.0.20' }],
    ['error REDIS_TOO_OLD', { ...REDIS, version: '5.0.14' }],
    ['error REDIS_REPLICA', { ...REDIS, isReplica: true }],
    ['error REDIS_CLUSTER', { ...REDIS, isCluster: true }],
    ['error REDIS_UNREACHABLE', { kind: 'unreachable', address: 'cache:6379', reason: 'ECONNREFUSED' }],
    ['error REDIS_UNKNOWN', { kind: 'silent', address: 'cache:6379' }],
  ])('%s', (expected, facts) => {
    const found = checkRedis(facts).map(({ severity, code }) => `${severity} ${code}`);
    expect(found.join()).toBe(expected);
  });
});
