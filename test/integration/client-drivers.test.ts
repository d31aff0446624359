import { createClient, createCluster } from '@redis/client';
import { Cluster, Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { createCache, fromIoredis, fromNodeRedis, type RedisPort } from '../../src/client/client.ts';
import { LocalRedis } from '../support/redis/local-redis.ts';
import { waitFor } from '../support/wait-for.ts';
import { RedisKeys } from './redis-keys.ts';

async function unexpected(): Promise<never> {
  throw new Error('nothing was to be loaded');
}

async function load(keys: readonly string[]): Promise<Map<string, { name: string } | null>> {
  return new Map(keys.map((key) => [key, key === 'k:0' ? null : { name: key }]));
}

/** Everything that a driver is asked for, on keys that a Cluster puts on all of its servers. */
async function useAll(redis: RedisPort): Promise<void> {
  const prefix = `d${Math.random().toString(36).slice(2)}:`;
  await using cache = createCache({ redis, prefix, redisTimeout: '5s', defaults: { ttl: '1m' } });
  const keys = Array.from({ length: 30 }, (_, id) => `k:${id}`);
  const first = await cache.getMany(keys, load, { negativeTtl: '1m', tags: (key) => [`tag:${key}`] });
  expect(await cache.getMany(keys, unexpected)).toEqual(first);
  expect(first.size).toBe(29);
  expect(await cache.get('k:1', unexpected)).toEqual({ name: 'k:1' });
  expect(await cache.waitFor('0/1')).toBe('bypass');
  expect(await cache.delete(...keys, ...keys.map((key) => `tag:${key}`))).toBe(true);
  await expect(cache.get('k:1', unexpected)).rejects.toThrow('nothing was to be loaded');
  expect(await cache.get('k:1', async () => 'new')).toBe('new');
  expect(await cache.delete('k:1')).toBe(true);
  expect(cache.stats()).toMatchObject({ redisFailed: 0, foreign: 0, filled: 31 });
}

describe('ioredis', () => {
  test('does all that the cache asks for', async () => {
    const redis = new Redis(inject('redisUrl'));
    await useAll(fromIoredis(redis));
    redis.disconnect();
  });

  test('pipelines by itself too', async () => {
    const redis = new Redis(inject('redisUrl'), { enableAutoPipelining: true });
    await useAll(fromIoredis(redis));
    redis.disconnect();
  });

  test('with a prefix of its own is refused', () => {
    const redis = new Redis(inject('redisUrl'), { lazyConnect: true, keyPrefix: 'app:' });
    expect(() => fromIoredis(redis)).toThrow('use a client without it, and createCache({prefix})');
  });

  test('that makes texts of numbers is refused, also as a Cluster', () => {
    const redis = new Redis(inject('redisUrl'), { lazyConnect: true, stringNumbers: true });
    expect(() => fromIoredis(redis)).toThrow("ioredis' stringNumbers makes a text of the number");
    const cluster = new Cluster([], { lazyConnect: true, redisOptions: { stringNumbers: true } });
    expect(() => fromIoredis(cluster)).toThrow("ioredis' stringNumbers makes a text of the number");
  });
});

describe('node-redis', () => {
  test.each([2, 3] as const)('does all that the cache asks for, RESP %i', async (RESP) => {
    const client = createClient({ url: inject('redisUrl'), RESP });
    await client.connect();
    await useAll(fromNodeRedis(client));
    client.destroy();
  });
});

test.each(['ioredis', 'node-redis'])('what Redis refuses is no outage, through %s', async (driver) => {
  await using admin = new RedisKeys(inject('redisUrl'));
  const client = await createClient({ url: inject('redisUrl') }).connect();
  const redis = driver === 'ioredis' ? fromIoredis(admin.redis) : fromNodeRedis(client);
  const cache = createCache({
    redis,
    prefix: admin.prefix,
    redisTimeout: '5s',
    circuit: { failures: 1, pause: '1h' },
    defaults: { ttl: '1m' },
  });
  await admin.redis.sadd(`${admin.prefix}tag`, 'a plain set');
  expect(await cache.get('k', async () => 'row', { tags: ['tag'] })).toBe('row');
  expect(cache.stats()).toMatchObject({ redisFailed: 1, circuitOpened: 0, filled: 0 });
  client.destroy();
});

test('a client that makes something else of replies is told so', async () => {
  const redis = new Redis(inject('redisUrl'));
  const errors: unknown[] = [];
  const port = fromIoredis({
    evalsha: async (sha1, count, ...args) => redis.callBuffer('EVALSHA', sha1, count, ...args),
    eval: async (lua, count, ...args) => redis.callBuffer('EVAL', lua, count, ...args),
    unlink: async (key) => redis.unlink(key),
  });
  const cache = createCache({
    redis: port,
    defaults: { ttl: '1m' },
    onEvent: (event) => {
      if (event.kind === 'redisFailed') errors.push(event.error);
    },
  });
  expect(await cache.get('buffers', async () => 'row')).toBe('row');
  expect(String(errors[0])).toContain('no Buffers, no type mapping');
  await redis.unlink('buffers');
  redis.disconnect();
});

describe('a Cluster of two', () => {
  const servers: LocalRedis[] = [];

  beforeAll(async () => {
    for (const [first, last] of [
      [0, 8_191],
      [8_192, 16_383],
    ] as const) {
      const server = await LocalRedis.create({ settings: { 'cluster-enabled': 'yes' } });
      servers.push(server);
      const redis = new Redis(server.url);
      await redis.call('CLUSTER', 'ADDSLOTSRANGE', first, last);
      redis.disconnect();
    }
    for (const server of servers) {
      const redis = new Redis(server.url);
      for (const { port } of servers) await redis.call('CLUSTER', 'MEET', '127.0.0.1', port);
      await waitFor(async () => /cluster_state:ok/.test(String(await redis.call('CLUSTER', 'INFO'))), {
        what: 'the Cluster to be whole',
        deadlineMs: 30_000,
      });
      redis.disconnect();
    }
  });

  afterAll(async () => {
    for (const server of servers) await server[Symbol.asyncDispose]();
  });

  test('through ioredis', async () => {
    const cluster = new Cluster(servers.map(({ port }) => ({ host: '127.0.0.1', port })));
    await useAll(fromIoredis(cluster));
    cluster.disconnect();
  });

  test('through node-redis', async () => {
    const cluster = createCluster({ rootNodes: servers.map(({ url }) => ({ url })) });
    await cluster.connect();
    await useAll(fromNodeRedis(cluster));
    cluster.destroy();
  });
});

describe('a server that has forgotten the scripts', () => {
  test.each(['ioredis', 'node-redis'])('is told them again, by %s', async (driver) => {
    await using server = await LocalRedis.create();
    const admin = new Redis(server.url);
    const client = createClient({ url: server.url });
    await client.connect();
    const redis = driver === 'ioredis' ? fromIoredis(admin) : fromNodeRedis(client);
    const cache = createCache({ redis, redisTimeout: '5s', defaults: { ttl: '1m' } });
    for (const key of ['before', 'after']) {
      expect(await cache.get(key, async () => key)).toBe(key);
      expect(await cache.get(key, unexpected)).toBe(key);
      await admin.script('FLUSH');
    }
    expect(cache.stats().redisFailed).toBe(0);
    client.destroy();
    admin.disconnect();
  });
});
