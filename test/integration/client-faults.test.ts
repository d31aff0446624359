import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, inject, test } from 'vitest';
import { LoadRefusedError } from '../../src/client/client.ts';
import { freePort } from '../support/free-port.ts';
import { LocalRedis } from '../support/redis/local-redis.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { waitFor } from '../support/wait-for.ts';
import { ClientCaches, heldLoad } from './client-caches.ts';

async function unexpected(): Promise<never> {
  throw new Error('nothing was to be loaded');
}

async function loadMany(keys: readonly string[]): Promise<Map<string, string>> {
  return new Map(keys.map((key) => [key, key]));
}

/** A cache whose Redis is behind a proxy that can be told to misbehave. */
async function throughProxy(caches: ClientCaches, options: Parameters<ClientCaches['open']>[0]) {
  const url = inject('redisUrl');
  const proxy = await TcpProxy.open(Number(new URL(url).port || 6_379));
  return { proxy, ...caches.open(options, proxy.through(url)) };
}

describe('without Redis', () => {
  test('a value is loaded in bounded time, the circuit opens, and nobody waits any more', async () => {
    await using caches = new ClientCaches();
    const nowhere = `redis://127.0.0.1:${await freePort()}`;
    const { cache, events, of } = caches.open(
      { redisTimeout: 50, circuit: { failures: 3, pause: '1h' } },
      nowhere,
    );
    for (let id = 0; id < 6; id++) expect(await cache.get(`k:${id}`, async () => id)).toBe(id);
    expect(of('redisFailed')).toHaveLength(3);
    expect(events.findLastIndex(({ kind }) => kind === 'redisFailed')).toBeLessThan(
      events.findIndex(({ kind }) => kind === 'circuitOpened') + 2,
    );
    expect(of('bypassed')).toHaveLength(6);
    expect(of('bypassed').every(({ reason }) => reason === 'redis')).toBe(true);
    const values = await cache.getMany(['a', 'b'], async (keys) => new Map(keys.map((key) => [key, key])));
    expect(values.size).toBe(2);
    expect(await cache.delete('a')).toBe(false);
    expect(await cache.waitFor('0/1')).toBe('bypass');
  });

  test('the circuit closes by itself when Redis is back, and values are stored again', async () => {
    await using server = await LocalRedis.create();
    await using caches = new ClientCaches(server.url);
    const { cache, of } = caches.open({ redisTimeout: '1s', circuit: { failures: 2, pause: 20 } });
    expect(await cache.get('k', async () => 'before')).toBe('before');
    await server.kill();
    await waitFor(
      async () => {
        expect(await cache.get('k', async () => 'meanwhile')).toBe('meanwhile');
        return of('circuitOpened').length > 0;
      },
      { what: 'the circuit to open' },
    );
    await server.start();
    await waitFor(
      async () => {
        await cache.get('k', async () => 'after');
        return of('circuitClosed').length > 0;
      },
      { what: 'the circuit to close' },
    );
    expect(await cache.get('k', async () => 'after')).toBe('after');
    expect(await cache.get('k', unexpected)).toBe('after');
  });

  test('the database gets so many loads at once, one a key, and those beyond the queue are refused', async () => {
    await using caches = new ClientCaches();
    const nowhere = `redis://127.0.0.1:${await freePort()}`;
    const { cache, of } = caches.open(
      {
        redisTimeout: 20,
        circuit: { failures: 1 },
        fallback: { concurrency: 3, queue: 5, queueTimeout: '1m' },
      },
      nowhere,
    );
    let [running, most] = [0, 0];
    const gate = Promise.withResolvers<void>();
    const load = async (): Promise<string> => {
      most = Math.max(most, ++running);
      await gate.promise;
      running--;
      return 'row';
    };
    const reads = Array.from({ length: 20 }, (_, read) => cache.get(`k:${read % 10}`, load));
    const settled = Promise.allSettled(reads);
    await waitFor(() => of('loadRefused').length === 2, { what: 'the refusals' });
    gate.resolve();
    const outcomes = await settled;
    expect(most).toBe(3);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(16);
    for (const each of outcomes) {
      if (each.status === 'rejected') expect(each.reason).toBeInstanceOf(LoadRefusedError);
    }
  });
});

describe('with a Redis that refuses', () => {
  const circuit = { failures: 2, pause: '1h' } as const;

  test('tags: what can be cached is, and the circuit stays closed', async () => {
    await using caches = new ClientCaches();
    const { cache, of } = caches.open({ circuit });
    await caches.redis.sadd(`${caches.prefix}tag`, 'a plain set');
    await cache.get('hot', async () => 'hot');
    const keys = Array.from({ length: 10 }, (_, id) => `page:${id}`);
    expect((await cache.getMany(keys, loadMany, { tags: ['tag'] })).size).toBe(10);
    expect(of('redisFailed')).toHaveLength(10);
    expect(of('circuitOpened')).toEqual([]);
    expect(await cache.get('hot', unexpected)).toBe('hot');
  });

  test('writes, because it is full: what is cached is served, the rest is loaded', async () => {
    await using server = await LocalRedis.create();
    await using caches = new ClientCaches(server.url);
    const { cache, of } = caches.open({ circuit });
    await cache.get('hot', async () => 'hot');
    await caches.redis.config('SET', 'maxmemory-policy', 'noeviction');
    await caches.redis.config('SET', 'maxmemory', '1');
    const keys = Array.from({ length: 10 }, (_, id) => `cold:${id}`);
    expect((await cache.getMany(keys, loadMany)).size).toBe(10);
    expect(of('redisFailed')).toHaveLength(10);
    expect(await cache.get('hot', unexpected)).toBe('hot');
    expect(of('circuitOpened')).toEqual([]);
  });

  test('all writes, as a replica: that is an outage', async () => {
    await using server = await LocalRedis.create();
    await using caches = new ClientCaches(server.url);
    const { cache, of } = caches.open({ circuit });
    await caches.redis.replicaof('127.0.0.1', await freePort());
    for (let id = 0; id < 4; id++) expect(await cache.get(`k:${id}`, async () => id)).toBe(id);
    expect(of('redisFailed')).toHaveLength(2);
    expect(of('circuitOpened')).toHaveLength(1);
    await caches.redis.replicaof('NO', 'ONE');
  });
});

describe('with a Redis that does not answer', () => {
  test('a lease that is granted after its caller has gone is given back', async () => {
    await using caches = new ClientCaches();
    const { proxy, cache, of } = await throughProxy(caches, { redisTimeout: '1s' });
    await using _ = proxy;
    await cache.get('warm', async () => 'scripts and connection');
    proxy.blackHole();
    const startMs = performance.now();
    expect(await cache.get('k', async () => 'row', { lease: '60s' })).toBe('row');
    expect(performance.now() - startMs).toBeLessThan(10_000);
    expect(of('redisFailed')).toHaveLength(1);
    proxy.resume();
    // The lease was for a minute: only who is given it back finds it free.
    const other = caches.open();
    await waitFor(
      async () => {
        await other.cache.get('k', async () => 'new', { waitFor: 20 });
        return other.of('filled').length === 1;
      },
      { what: 'the lease to be free' },
    );
  });

  test('a fill that is not confirmed is no fault of the reader', async () => {
    await using caches = new ClientCaches();
    const { proxy, cache, of } = await throughProxy(caches, { redisTimeout: '1s' });
    await using _ = proxy;
    const held = heldLoad('row');
    const reading = cache.get('k', held.load);
    await held.started;
    proxy.blackHole();
    held.end();
    expect(await reading).toBe('row');
    expect(of('redisFailed')).toHaveLength(1);
    expect(of('filled')).toEqual([]);
    proxy.resume();
  });

  test('a connection that is cut is made again', async () => {
    await using caches = new ClientCaches();
    const { proxy, cache } = await throughProxy(caches, {});
    await using _ = proxy;
    expect(await cache.get('k', async () => 'row')).toBe('row');
    proxy.cut();
    expect(await cache.get('k', unexpected)).toBe('row');
  });
});

test('a process that was busy does not take Redis for slow', async () => {
  await using caches = new ClientCaches();
  const { cache, of } = caches.open({ redisTimeout: 500 });
  await cache.get('k', async () => 'row');
  const reading = cache.get('k', unexpected);
  // The command is written by now or at the next turn; then the event loop stands still for longer than Redis may.
  await new Promise(setImmediate);
  const other = cache.get('k', unexpected);
  const untilMs = performance.now() + 1_000;
  while (performance.now() < untilMs);
  expect(await Promise.all([reading, other])).toEqual(['row', 'row']);
  expect(of('redisFailed')).toEqual([]);
});

test('a process that dies while it loads gives way to another one', async () => {
  await using caches = new ClientCaches();
  const program = fileURLToPath(new URL('client-holder.ts', import.meta.url));
  const child = spawn(process.execPath, [program, inject('redisUrl'), caches.prefix], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(await caches.entry('k')).toEqual({ l: expect.any(String), d: expect.any(String) });
  const { cache, of } = caches.open();
  expect(await cache.get('k', async () => 'taken over', { waitFor: '20s', lease: '20s' })).toBe('taken over');
  expect(of('leaseWaited')).toHaveLength(1);
  expect(of('filled')).toHaveLength(1);
});
