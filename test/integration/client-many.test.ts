import { expect, test } from 'vitest';
import { fromIoredis, type RedisPort } from '../../src/client/client.ts';
import { waitFor } from '../support/wait-for.ts';
import { ClientCaches, heldLoad } from './client-caches.ts';

async function unexpected(): Promise<never> {
  throw new Error('nothing was to be loaded');
}

/** Rows by their keys, and which keys were asked for in which call. */
function table(rows: Readonly<Record<string, string | null>>) {
  const calls: (readonly string[])[] = [];
  return {
    calls,
    load: async (keys: readonly string[]): Promise<Map<string, string | null>> => {
      calls.push(keys);
      return new Map(keys.flatMap((key) => (key in rows ? [[key, rows[key] ?? null] as const] : [])));
    },
  };
}

test('what is missing is loaded at once; what has no row is not in the result', async () => {
  await using caches = new ClientCaches();
  const { cache, events } = caches.open();
  await cache.get('a', async () => 'A');
  const { calls, load } = table({ b: 'B', c: 'C', empty: null });
  const values = await cache.getMany(['c', 'a', 'b', 'none', 'empty', 'c'], load);
  expect([...values]).toEqual([
    ['c', 'C'],
    ['a', 'A'],
    ['b', 'B'],
  ]);
  expect(calls).toEqual([['c', 'b', 'none', 'empty']]);
  expect(Object.keys(await caches.contents())).toEqual(['a', 'b', 'c']);
  expect(await cache.getMany(['a', 'b', 'c'], unexpected)).toEqual(
    new Map([
      ['a', 'A'],
      ['b', 'B'],
      ['c', 'C'],
    ]),
  );
  expect(events.filter(({ kind }) => kind === 'hit')).toHaveLength(4);
  expect(await cache.getMany([], unexpected)).toEqual(new Map());
});

test('negative results are kept where that is said', async () => {
  await using caches = new ClientCaches();
  const { cache } = caches.open();
  const { calls, load } = table({ a: 'A' });
  for (let round = 0; round < 2; round++) {
    expect([...(await cache.getMany(['a', 'none'], load, { negativeTtl: '1m' })).keys()]).toEqual(['a']);
  }
  expect(calls).toEqual([['a', 'none']]);
});

test('all keys share one round trip, to look and to fill', async () => {
  await using caches = new ClientCaches();
  const log: string[] = [];
  const inner = fromIoredis(caches.redis);
  const port: RedisPort = {
    ...inner,
    run: async (script, key, args) => {
      log.push('sent');
      const reply = await inner.run(script, key, args);
      log.push('replied');
      return reply;
    },
  };
  const { cache } = caches.open({ redis: port });
  const keys = Array.from({ length: 50 }, (_, id) => `k:${id}`);
  await cache.getMany(keys, async (missing) => new Map(missing.map((key) => [key, key])));
  const roundTrip = [...keys.map(() => 'sent'), ...keys.map(() => 'replied')];
  expect(log).toEqual([...roundTrip, ...roundTrip]);
});

test('no more than a hundred keys are on their way at once', async () => {
  await using caches = new ClientCaches();
  const inner = fromIoredis(caches.redis);
  let [underWay, most] = [0, 0];
  const port: RedisPort = {
    ...inner,
    run: async (script, key, args) => {
      most = Math.max(most, ++underWay);
      const reply = await inner.run(script, key, args);
      underWay--;
      return reply;
    },
  };
  const { cache } = caches.open({ redis: port });
  const keys = Array.from({ length: 250 }, (_, id) => `k:${id}`);
  await cache.getMany(keys, async (missing) => new Map(missing.map((key) => [key, key])));
  expect(most).toBe(100);
});

test('a loader that names its rows by something else than the keys fails, and nothing is stored', async () => {
  await using caches = new ClientCaches();
  const { cache } = caches.open({ defaults: { ttl: '1h', negativeTtl: '1h' } });
  const byId = table({});
  const load = async (keys: readonly string[]) => (await byId.load(keys)).set('1', 'Ann');
  await expect(cache.getMany(['user:1', 'user:2'], load)).rejects.toThrow(
    'the loader of getMany has returned a value for "1", for which it was not asked: ' +
      'its Map must have the keys that it was given, such as "user:1"',
  );
  await expect(cache.getMany(['user:1'], (async () => ['Ann']) as never)).rejects.toThrow(
    'the loader of getMany has returned a value of the class Array: it must return a Map',
  );
  await cache.drain();
  expect(await caches.contents()).toEqual({});
});

test('thousands of keys are one load', async () => {
  await using caches = new ClientCaches();
  const { cache } = caches.open();
  const keys = Array.from({ length: 2_500 }, (_, id) => `k:${id}`);
  let calls = 0;
  const load = async (missing: readonly string[]): Promise<Map<string, number>> => {
    calls++;
    return new Map(missing.map((key) => [key, key.length]));
  };
  expect((await cache.getMany(keys, load)).size).toBe(2_500);
  expect((await cache.getMany(keys, load)).size).toBe(2_500);
  expect(calls).toBe(1);
  expect(cache.stats()).toMatchObject({ filled: 2_500, hit: 2_500 });
});

test('keys that are being read already are joined, by one key or many', async () => {
  await using caches = new ClientCaches();
  const { cache } = caches.open();
  const [single, batch] = [heldLoad('A'), heldLoad(new Map([['b', 'B']]))];
  const one = cache.get('a', single.load);
  const many = cache.getMany(['a', 'b'], batch.load);
  const joined = cache.get('b', unexpected);
  await Promise.all([single.started, batch.started]);
  single.end();
  batch.end();
  expect(await Promise.all([one, many, joined])).toEqual([
    'A',
    new Map([
      ['a', 'A'],
      ['b', 'B'],
    ]),
    'B',
  ]);
});

test('keys that another process loads are waited for, the others are not held up', async () => {
  await using caches = new ClientCaches();
  const [holder, other] = [caches.open(), caches.open()];
  const held = heldLoad('A');
  const holding = holder.cache.get('a', held.load);
  await held.started;
  const { calls, load } = table({ b: 'B' });
  const many = other.cache.getMany(['a', 'b'], load, { waitFor: '20s' });
  expect(await other.cache.get('b', unexpected)).toBe('B');
  await waitFor(() => other.of('filled').length === 1, { what: 'b to be stored' });
  held.end();
  expect(await many).toEqual(
    new Map([
      ['a', 'A'],
      ['b', 'B'],
    ]),
  );
  await holding;
  expect(calls).toEqual([['b']]);
  expect(other.of('leaseWaited')).toMatchObject([{ keys: ['a'] }]);
});

test('a load that fails fails all that it was for, and gives every lease back', async () => {
  await using caches = new ClientCaches();
  const { cache } = caches.open();
  await cache.get('a', async () => 'A');
  await expect(cache.getMany(['a', 'b', 'c'], unexpected)).rejects.toThrow('nothing was to be loaded');
  await cache.drain();
  expect(Object.keys(await caches.contents())).toEqual(['a']);
});

test('a value that cannot be stored fails its own key alone', async () => {
  await using caches = new ClientCaches();
  const { cache } = caches.open();
  const rows = new Map<string, unknown>([
    ['a', 'A'],
    ['b', 1n],
  ]);
  await expect(cache.getMany(['a', 'b'], async () => rows)).rejects.toThrow('it is a bigint');
  await cache.drain();
  expect(Object.keys(await caches.contents())).toEqual(['a']);
});

test('stale values are served, and refreshed by one load with what is missing', async () => {
  await using caches = new ClientCaches();
  const { cache } = caches.open({ defaults: { ttl: '1h', staleFor: '1h' } });
  await cache.get('a', async () => 'old');
  await caches.redis.hset(`${caches.prefix}a`, 'f', '0');
  const { calls, load } = table({ a: 'new', b: 'B' });
  expect((await cache.getMany(['a', 'b'], load)).get('a')).toBe('old');
  await cache.drain();
  expect(calls).toEqual([['a', 'b']]);
  expect(await cache.get('a', unexpected)).toBe('new');
});
