import { SuperJSON } from 'superjson';
import { describe, expect, test } from 'vitest';
import { LEASE_SCRIPTS } from '../../src/lease/lease-scripts.ts';
import { waitFor } from '../support/wait-for.ts';
import { ClientCaches, heldLoad } from './client-caches.ts';

const HOUR_MS = 3_600_000;

/** Never to be called. */
async function unexpected(): Promise<never> {
  throw new Error('nothing was to be loaded');
}

describe('a miss', () => {
  test('is loaded under the lease and stored, the next read is a hit', async () => {
    await using caches = new ClientCaches();
    const { cache, events } = caches.open();
    const value = await cache.get('product:7', async ({ key, signal }) => {
      expect(signal.aborted).toBe(false);
      expect(await caches.entry(key)).toEqual({ l: expect.any(String), d: expect.any(String) });
      return { key, price: 9.5 };
    });
    expect(value).toEqual({ key: 'product:7', price: 9.5 });
    expect(await caches.entry('product:7')).toMatchObject({ v: '{"key":"product:7","price":9.5}' });
    expect(await cache.get('product:7', unexpected)).toEqual(value);
    expect(events.map(({ kind }) => kind)).toEqual(['miss', 'loaded', 'filled', 'hit']);
  });

  test('of many callers in one process is one call', async () => {
    await using caches = new ClientCaches();
    const { cache } = caches.open();
    let loads = 0;
    const reads = Array.from({ length: 100 }, () =>
      cache.get('hot', async () => {
        loads++;
        return { loads };
      }),
    );
    expect(new Set(await Promise.all(reads)).size).toBe(1);
    expect(loads).toBe(1);
    expect(cache.stats()).toMatchObject({ joined: 99, miss: 1, loaded: 1, filled: 1 });
  });

  test('of many processes is one load: the others wait for it', async () => {
    await using caches = new ClientCaches();
    const processes = Array.from({ length: 5 }, () => caches.open());
    const held = heldLoad('row');
    const [first, ...others] = processes.map(({ cache }) => cache.get('hot', held.load, { waitFor: '20s' }));
    await held.started;
    await waitFor(() => processes.filter(({ of }) => of('miss').length > 0).length === 5, {
      what: 'all to look',
    });
    held.end();
    expect(await Promise.all([first, ...others])).toEqual(Array.from({ length: 5 }, () => 'row'));
    expect(processes.flatMap(({ of }) => of('loaded'))).toHaveLength(1);
    const waits = processes.flatMap(({ of }) => of('leaseWaited'));
    expect(waits.map(({ keys }) => keys)).toEqual(Array.from({ length: 4 }, () => ['hot']));
  });

  test('that another process loads for too long is loaded here too, and not stored', async () => {
    await using caches = new ClientCaches();
    const [slow, quick] = [caches.open(), caches.open()];
    const held = heldLoad('of the holder');
    const holder = slow.cache.get('slow', held.load);
    await held.started;
    expect(await quick.cache.get('slow', async () => 'of the other', { waitFor: 30 })).toBe('of the other');
    expect(quick.of('bypassed')).toEqual([{ kind: 'bypassed', keys: ['slow'], reason: 'busy' }]);
    expect(quick.of('leaseWaited')[0]?.ms).toBeGreaterThanOrEqual(30);
    expect((await caches.entry('slow'))['v']).toBeUndefined();
    held.end();
    await holder;
    expect(await quick.cache.get('slow', unexpected)).toBe('of the holder');
  });

  test('whose load fails gives the lease back: the error is its callers own, the next one loads at once', async () => {
    await using caches = new ClientCaches();
    const [one, other] = [caches.open(), caches.open()];
    const fault = new Error('no such table');
    const failing = async (): Promise<never> => {
      throw fault;
    };
    const [first, joined] = await Promise.allSettled([
      one.cache.get('k', failing),
      one.cache.get('k', failing),
    ]);
    expect([first, joined]).toEqual([
      { status: 'rejected', reason: fault },
      { status: 'rejected', reason: fault },
    ]);
    expect(one.of('loadFailed')).toEqual([
      { kind: 'loadFailed', keys: ['k'], error: fault, isBackground: false },
    ]);
    await one.cache.drain();
    expect(await other.cache.get('k', async () => 'row')).toBe('row');
    expect(other.of('leaseWaited')).toEqual([]);
  });

  test('that another process loads is not waited for where that is off', async () => {
    await using caches = new ClientCaches();
    const [slow, quick] = [caches.open(), caches.open()];
    const held = heldLoad('of the holder');
    const holder = slow.cache.get('slow', held.load);
    await held.started;
    expect(await quick.cache.get('slow', async () => 'of the other', { waitFor: 0 })).toBe('of the other');
    held.end();
    expect(await holder).toBe('of the holder');
  });

  test('that is deleted while it is loaded is answered, but not stored', async () => {
    await using caches = new ClientCaches();
    const { cache, of } = caches.open();
    const held = heldLoad('old');
    const reading = cache.get('k', held.load);
    await held.started;
    await caches.redis.unlink(`${caches.prefix}k`);
    held.end();
    expect(await reading).toBe('old');
    expect(of('fillRefused')).toEqual([{ kind: 'fillRefused', key: 'k' }]);
    expect(await caches.contents()).toEqual({});
  });

  test('that takes longer than the lease is answered, but not stored', async () => {
    await using caches = new ClientCaches();
    const { cache, of } = caches.open();
    const held = heldLoad('late');
    const reading = cache.get('k', held.load, { lease: 20 });
    await held.started;
    await waitFor(async () => (await caches.redis.exists(`${caches.prefix}k`)) === 0, { what: 'its end' });
    held.end();
    expect(await reading).toBe('late');
    expect(of('fillRefused')).toHaveLength(1);
  });
});

describe('an end', () => {
  test('has every key, with jitter', async () => {
    await using caches = new ClientCaches();
    const { cache } = caches.open();
    for (let id = 0; id < 50; id++) await cache.get(`k:${id}`, async () => id, { ttl: '1h', jitter: 0.1 });
    const lives = await caches.lives();
    expect(lives).toHaveLength(50);
    expect(Math.min(...lives)).toBeGreaterThan(0.89 * HOUR_MS);
    expect(Math.max(...lives)).toBeLessThanOrEqual(1.1 * HOUR_MS);
    expect(new Set(lives.map((ms) => Math.round(ms / 60_000))).size).toBeGreaterThan(5);
  });

  test('is demanded', async () => {
    await using caches = new ClientCaches();
    const { cache } = caches.open({ defaults: {} });
    await expect(cache.get('k', async () => 1)).rejects.toThrow('ttl is missing');
  });
});

describe('a negative result', () => {
  test('is not stored unless that is said, and gives the lease back', async () => {
    await using caches = new ClientCaches();
    const { cache, of } = caches.open();
    expect(await cache.get('none', async () => null)).toBeUndefined();
    expect(await caches.contents()).toEqual({});
    expect(await cache.get('none', async () => undefined)).toBeUndefined();
    expect(of('loaded')).toHaveLength(2);
  });

  test('is not stored by a read that switches it off', async () => {
    await using caches = new ClientCaches();
    const { cache } = caches.open({ defaults: { ttl: '1h', negativeTtl: '1h' } });
    expect(await cache.get('none', async () => null, { negativeTtl: 0 })).toBeUndefined();
    expect(await caches.contents()).toEqual({});
  });

  test('is not what an encoded value is that is nothing', async () => {
    await using caches = new ClientCaches();
    const { cache, of } = caches.open({ defaults: { ttl: '1h', negativeTtl: '1h' } });
    const row = { id: 1, toJSON: () => undefined };
    await expect(cache.get('k', async () => row)).rejects.toThrow('it is an object with toJSON');
    const codec = { encode: JSON.stringify, decode: JSON.parse };
    await expect(cache.get('k', async () => row, { codec })).rejects.toThrow(
      'the codec has encoded a value as undefined: it must return a string',
    );
    expect(of('encodeFailed')).toHaveLength(2);
    expect(await caches.contents()).toEqual({});
  });

  test('is stored for as long as is said', async () => {
    await using caches = new ClientCaches();
    const { cache, of } = caches.open({
      defaults: { ttl: '1h', staleFor: '1h', negativeTtl: '1m', jitter: 0 },
    });
    expect(await cache.get('none', async () => null)).toBeUndefined();
    expect(await cache.get('none', unexpected)).toBeUndefined();
    expect(of('hit')).toEqual([{ kind: 'hit', key: 'none', isNegative: true }]);
    expect(Math.max(...(await caches.lives()))).toBeLessThanOrEqual(60_000);
  });
});

describe('a stale value', () => {
  const options = { ttl: 1, staleFor: '1h', jitter: 0 } as const;

  test('is served at once, while one reader of all processes refreshes it', async () => {
    await using caches = new ClientCaches();
    const processes = Array.from({ length: 3 }, () => caches.open());
    await processes[0]?.cache.get('k', async () => 'old', options);
    await caches.redis.hset(`${caches.prefix}k`, 'f', '0');
    const held = heldLoad('new');
    for (let round = 0; round < 10; round++) {
      for (const { cache } of processes) {
        expect(await cache.get('k', held.load, { ...options, ttl: '1h' })).toBe('old');
      }
    }
    held.end();
    for (const { cache } of processes) await cache.drain();
    const loads = processes.flatMap(({ of }) => of('loaded')).filter(({ isBackground }) => isBackground);
    expect(loads).toHaveLength(1);
    expect(processes[2]?.of('staleServed')).toHaveLength(10);
    expect(await processes[2]?.cache.get('k', unexpected)).toBe('new');
  });

  test('is not kept by a read that switches it off', async () => {
    await using caches = new ClientCaches();
    const { cache } = caches.open({ defaults: { ttl: '1m', staleFor: '1h', jitter: 0 } });
    await cache.get('k', async () => 'row', { staleFor: 0 });
    expect(Math.max(...(await caches.lives()))).toBeLessThanOrEqual(60_000);
  });

  test('is not served past its end', async () => {
    await using caches = new ClientCaches();
    const { cache, of } = caches.open();
    await cache.get('k', async () => 'old', { ttl: 1, staleFor: 20, jitter: 0 });
    await waitFor(async () => (await caches.redis.exists(`${caches.prefix}k`)) === 0, { what: 'its end' });
    expect(await cache.get('k', async () => 'new')).toBe('new');
    expect(of('staleServed')).toEqual([]);
  });

  test('that Freshet has marked is refreshed in the background, or waited for where stale is not accepted', async () => {
    await using caches = new ClientCaches();
    const { cache } = caches.open();
    const mark = async (): Promise<unknown> =>
      caches.redis.eval(LEASE_SCRIPTS.stale, 1, `${caches.prefix}k`, '60000');
    await cache.get('k', async () => 'one');
    await mark();
    expect(await cache.get('k', async () => 'two')).toBe('one');
    await cache.drain();
    expect(await cache.get('k', unexpected)).toBe('two');
    await mark();
    expect(await cache.get('k', async () => 'three', { acceptStale: false })).toBe('three');
  });

  test('that cannot be refreshed stays; the fault is reported, and nobody fails', async () => {
    await using caches = new ClientCaches();
    const { cache, of } = caches.open();
    await cache.get('k', async () => 'old', options);
    await caches.redis.hset(`${caches.prefix}k`, 'f', '0');
    for (let round = 1; round <= 3; round++) {
      expect(await cache.get('k', unexpected, options)).toBe('old');
      await cache.drain();
      expect(of('loadFailed')).toHaveLength(round);
    }
    expect(of('loadFailed').every(({ isBackground }) => isBackground)).toBe(true);
  });

  test('that changes while it is refreshed does not come back', async () => {
    await using caches = new ClientCaches();
    const { cache, of } = caches.open();
    await cache.get('k', async () => 'old', options);
    await caches.redis.hset(`${caches.prefix}k`, 'f', '0');
    const held = heldLoad('in between');
    expect(await cache.get('k', held.load, options)).toBe('old');
    await held.started;
    await caches.redis.unlink(`${caches.prefix}k`);
    held.end();
    await cache.drain();
    expect(of('fillRefused')).toHaveLength(1);
    expect(await cache.get('k', async () => 'new')).toBe('new');
  });
});

describe('tags', () => {
  test('name the key after the lease and before the load, for as long as it may live', async () => {
    await using caches = new ClientCaches();
    const { cache } = caches.open();
    await cache.get(
      'page:1',
      async ({ key }) => {
        const until = await caches.redis.zscore(`${caches.prefix}tag:a`, caches.prefix + key);
        expect(Number(until)).toBeGreaterThan(Date.now() + HOUR_MS);
        expect((await caches.entry(key))['l']).toBeDefined();
        return 'page';
      },
      { tags: (key) => ['tag:a', `tag:of:${key}`] },
    );
    const member = `${caches.prefix}page:1`;
    expect(await caches.redis.zrange(`${caches.prefix}tag:of:page:1`, '0', '-1')).toEqual([member]);
    const [life, lifeOfTag] = [
      await caches.redis.pttl(member),
      await caches.redis.pttl(`${caches.prefix}tag:a`),
    ];
    expect(lifeOfTag).toBeGreaterThan(life);
  });

  test('that are purged during the load refuse the fill', async () => {
    await using caches = new ClientCaches();
    const { cache, of } = caches.open();
    const held = heldLoad('old');
    const reading = cache.get('page:1', held.load, { tags: ['tag'] });
    await held.started;
    const members = await caches.redis.zrange(`${caches.prefix}tag`, '0', '-1');
    await caches.redis.unlink(`${caches.prefix}tag`, ...members);
    held.end();
    expect(await reading).toBe('old');
    expect(of('fillRefused')).toHaveLength(1);
    expect(await caches.contents()).toEqual({});
  });

  test('that cannot be registered: the value is loaded, and not stored', async () => {
    await using caches = new ClientCaches();
    const { cache, of } = caches.open();
    await caches.redis.set(`${caches.prefix}tag`, 'no sorted set');
    expect(await cache.get('page:1', async () => 'page', { tags: ['other', 'tag'] })).toBe('page');
    expect(of('redisFailed')).toHaveLength(1);
    expect(await caches.entry('page:1')).toEqual({});
  });

  test('that an older release did not know: the entry is loaded once more, and registered', async () => {
    await using caches = new ClientCaches();
    const { cache } = caches.open();
    await cache.get('page:1', async () => 'old', { tags: ['tag:a'] });
    const options = { tags: ['tag:b', 'tag:a'] } as const;
    expect(await cache.get('page:1', async () => 'new', options)).toBe('new');
    expect(await caches.redis.zcard(`${caches.prefix}tag:b`)).toBe(1);
    expect(await cache.get('page:1', unexpected, options)).toBe('new');
    expect(await cache.get('page:1', unexpected, { tags: ['tag:a'] })).toBe('new');
  });

  test('that cannot be made of a key are an error of the read', async () => {
    await using caches = new ClientCaches();
    const { cache } = caches.open();
    await expect(cache.get('page:1', unexpected, { tags: (key) => [`${key}\n`] })).rejects.toThrow(
      'has a line feed',
    );
  });

  test('of a refresh do not hold up who is served', async () => {
    await using caches = new ClientCaches();
    const { cache } = caches.open();
    const options = { staleFor: '1h', tags: ['tag'] } as const;
    await cache.get('page:1', async () => 'old', options);
    await caches.redis.hset(`${caches.prefix}page:1`, 'f', '0');
    await caches.redis.unlink(`${caches.prefix}tag`);
    expect(await cache.get('page:1', async () => 'new', options)).toBe('old');
    await cache.drain();
    expect(await caches.redis.zcard(`${caches.prefix}tag`)).toBe(1);
    expect(await cache.get('page:1', unexpected, options)).toBe('new');
  });
});

describe('what is under the key', () => {
  test('and cannot be read counts as a miss: it is removed, loaded and stored', async () => {
    await using caches = new ClientCaches();
    const { cache, of } = caches.open();
    await cache.get('k', async () => 'old');
    await caches.redis.hset(`${caches.prefix}k`, 'v', '{"half');
    expect(await cache.get('k', async () => 'new')).toBe('new');
    expect(of('brokenPayload')).toEqual([
      { kind: 'brokenPayload', key: 'k', error: expect.any(SyntaxError) },
    ]);
    expect(await cache.get('k', unexpected)).toBe('new');
  });

  test('and can never be read is loaded, and no endless loop', async () => {
    await using caches = new ClientCaches();
    const { cache, of } = caches.open();
    const codec = {
      encode: String,
      decode: (): never => {
        throw new Error('not implemented');
      },
    };
    for (let read = 1; read <= 3; read++)
      expect(await cache.get('k', async () => read, { codec })).toBe(read);
    expect(of('brokenPayload')).toHaveLength(2);
  });

  test('a plain string gives way, anything else is left alone', async () => {
    await using caches = new ClientCaches();
    const { cache, of } = caches.open();
    await caches.redis.set(`${caches.prefix}text`, 'of plain cache-aside');
    expect(await cache.get('text', async () => 'row')).toBe('row');
    expect(await cache.get('text', unexpected)).toBe('row');
    await caches.redis.rpush(`${caches.prefix}list`, 'somebody else');
    expect(await cache.get('list', async () => 'row')).toBe('row');
    expect(of('foreign')).toEqual([{ kind: 'foreign', key: 'list' }]);
    expect(await caches.redis.lrange(`${caches.prefix}list`, 0, -1)).toEqual(['somebody else']);
  });
});

describe('a codec', () => {
  test('keeps what JSON does not', async () => {
    await using caches = new ClientCaches();
    const codec = { encode: SuperJSON.stringify, decode: SuperJSON.parse };
    const { cache } = caches.open({ defaults: { ttl: '1h', codec } });
    const row = { id: 9_007_199_254_740_993n, at: new Date(0), tags: new Set(['a']) };
    expect(await cache.get('k', async () => row)).toBe(row);
    expect(await cache.get<typeof row>('k', unexpected)).toEqual(row);
  });

  test('that cannot take a value is an error that says how to mend it, and the lease is given back', async () => {
    await using caches = new ClientCaches();
    const { cache, of } = caches.open();
    await expect(cache.get('k', async () => ({ id: 1n }))).rejects.toThrow(
      `JSON does not give the value's "id" back as it was: it is a bigint. Give the cache a codec`,
    );
    expect(of('encodeFailed')).toHaveLength(1);
    expect(await caches.contents()).toEqual({});
  });
});

describe('beside get', () => {
  test('bypass goes straight to the database, and is counted', async () => {
    await using caches = new ClientCaches();
    const { cache } = caches.open();
    await cache.get('k', async () => 'cached');
    expect(await cache.bypass(async () => null)).toBeNull();
    expect(cache.stats()).toMatchObject({ bypassed: 1, hit: 0 });
  });

  test('delete removes keys; a read after it joins none that began before it', async () => {
    await using caches = new ClientCaches();
    const { cache, of } = caches.open();
    const held = heldLoad('old');
    const before = cache.get('k', held.load);
    await held.started;
    expect(await cache.delete('k', 'other')).toBe(true);
    expect(await cache.get('k', async () => 'new')).toBe('new');
    held.end();
    expect(await before).toBe('old');
    expect(of('fillRefused')).toHaveLength(1);
    expect(await cache.get('k', unexpected)).toBe('new');
  });

  test('a cache that goes out of scope waits for what goes on', async () => {
    await using caches = new ClientCaches();
    const opened = caches.open();
    await opened.cache.get('k', async () => 'old', { staleFor: '1h' });
    await caches.redis.hset(`${caches.prefix}k`, 'f', '0');
    {
      await using cache = opened.cache;
      await cache.get('k', async () => 'new', { staleFor: '1h' });
    }
    expect(await caches.entry('k')).toMatchObject({ v: '"new"' });
  });

  test('a loader that hangs holds nobody up for ever', async () => {
    await using caches = new ClientCaches();
    const { cache } = caches.open();
    const hanging = cache.get('k', async () => new Promise<string>(() => {}), { loadTimeout: 20 });
    await expect(hanging).rejects.toThrow('the loader has not ended within 20 ms');
    expect(await cache.get('k', async () => 'row')).toBe('row');
  });
});
