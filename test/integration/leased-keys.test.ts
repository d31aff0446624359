import { describe, expect } from 'vitest';
import { waitFor } from '../support/wait-for.ts';
import { LeaseReader } from './lease-reader.ts';
import { waitUntilSettled } from './settled.ts';
import { type Running, withDaemon } from './with-daemon.ts';

const HOUR_MS = 3_600_000;

const test = withDaemon({
  schema: `
    CREATE TABLE products (id int PRIMARY KEY, n int);
    CREATE TABLE brief (id int PRIMARY KEY, n int);
    CREATE TABLE authors (id int PRIMARY KEY, name text);
    CREATE TABLE posts (id int PRIMARY KEY, author_id int);
    CREATE TABLE many (id int PRIMARY KEY, n int);
    CREATE TABLE stored (id int PRIMARY KEY, n int);
    CREATE TABLE read_again (id int PRIMARY KEY, n int);
    CREATE TABLE plain (id int PRIMARY KEY, n int);
    CREATE TABLE mixed (id int PRIMARY KEY, n int);
    CREATE TABLE counted (id int PRIMARY KEY, n int);
    CREATE TABLE tagged (id int PRIMARY KEY, n int);
    INSERT INTO products SELECT id, 0 FROM generate_series(1, 9) id;
    INSERT INTO brief VALUES (1, 0);
    INSERT INTO authors VALUES (1, 'Ada');
    INSERT INTO posts VALUES (10, 1), (11, 1);
    INSERT INTO many SELECT id, 0 FROM generate_series(1, 9) id;
    INSERT INTO stored SELECT id, 0 FROM generate_series(1, 5) id;
    INSERT INTO read_again SELECT id, 0 FROM generate_series(1, 5) id;
    INSERT INTO plain VALUES (1, 0);
    INSERT INTO mixed SELECT id, 0 FROM generate_series(1, 5) id;
    INSERT INTO counted VALUES (7, 0), (8, 0);
    INSERT INTO tagged VALUES (1, 0)`,
  rules: [
    { name: 'product', table: 'public.products', keys: ['product:${id}'], stale: { serveFor: '1h' } },
    { name: 'brief', table: 'public.brief', keys: ['brief:${id}'], stale: { serveFor: '1s' } },
    {
      name: 'author',
      table: 'public.authors',
      keys: [{ each: 'SELECT id AS post_id FROM posts WHERE author_id = ${id}', key: 'post:${post_id}' }],
      stale: { serveFor: '1h' },
    },
    {
      name: 'many',
      table: 'public.many',
      keys: ['many:${id}'],
      stale: { serveFor: '1h' },
      massChange: { over: 3, then: 'purge' },
    },
    {
      name: 'stored',
      table: 'public.stored',
      keys: ['stored:${id}'],
      set: { ttl: '1h', jitter: 0, format: 'freshet' },
    },
    {
      name: 'read-again',
      table: 'public.read_again',
      keys: ['read-again:${id}'],
      refresh: {
        query: 'SELECT n FROM read_again WHERE id = ${id}',
        ttl: '1h',
        jitter: 0,
        format: 'freshet',
      },
    },
    {
      name: 'plain',
      table: 'public.plain',
      keys: ['plain:${id}'],
      refresh: { query: 'SELECT n FROM plain WHERE id = ${id}', ttl: '1h' },
    },
    { name: 'mixed', table: 'public.mixed', keys: ['mixed:${id}'], stale: { serveFor: '1h' } },
    {
      name: 'mixed-set',
      table: 'public.mixed',
      keys: ['mixed:${id}'],
      set: { ttl: '1h', format: 'freshet' },
    },
    { name: 'counted', table: 'public.counted', keys: ['counted:${id}'], stale: { serveFor: '1h' } },
    { name: 'tag', table: 'public.tagged', keys: ['tag:${id}'], purgeTag: {} },
  ],
});

/** Changes a row, and waits until everything about it is done. */
async function change({ context }: Running, table: string, id: number): Promise<void> {
  await context.sql.rows(`UPDATE ${table} SET n = n + 1 WHERE id = $1`, [id]);
  await waitUntilSettled(context);
}

describe('stale', () => {
  test('of many readers exactly one loads the new value, the others get the old one', async ({ running }) => {
    const { context } = running;
    const key = context.key('product:1');
    const readers = Array.from({ length: 8 }, () => new LeaseReader(context.redis));
    const [reader] = readers;
    await reader?.fill(key, 'old');
    await change(running, 'products', 1);

    const answers = await Promise.all(readers.map((each) => each.get(key)));
    expect(answers.map(({ state, value }) => [state, value])).toEqual(readers.map(() => ['stale', 'old']));
    const [token = '', ...others] = answers.flatMap((answer) => answer.token ?? []);
    expect(others).toEqual([]);
    expect(await reader?.set(key, token, 'new')).toBe(true);
    expect(await reader?.get(key)).toEqual({ state: 'fresh', value: 'new', token: undefined });
  });

  test('a lease from before the change is void, of a value that is cached and of one that is not', async ({
    running,
  }) => {
    const { context } = running;
    const reader = new LeaseReader(context.redis);
    const cached = context.key('product:2');
    await reader.fill(cached, 'old');
    const early = await reader.lease(cached);
    const missed = context.key('product:3');
    const first = await reader.lease(missed);
    await context.sql.rows('UPDATE products SET n = 1 WHERE id IN (2, 3)');
    await waitUntilSettled(context);

    expect(await reader.set(cached, early, 'old')).toBe(false);
    expect(await reader.get(cached)).toMatchObject({ state: 'stale', value: 'old' });
    expect(await context.redis.exists(missed)).toBe(0);
    expect(await reader.set(missed, first, 'old')).toBe(false);
  });

  test('an old value is served for no longer than the rule says', async ({ running }) => {
    const { context } = running;
    const reader = new LeaseReader(context.redis);
    const key = context.key('brief:1');
    await reader.fill(key, 'old');
    await change(running, 'brief', 1);
    await waitFor(async () => (await reader.get(key, { leaseMs: 1 })).state === 'none', {
      what: 'the old value to be served no more',
    });
    // A lease of that very moment may keep the key a millisecond longer.
    await waitFor(async () => (await context.redis.exists(key)) === 0, { what: 'the key to end' });
  });

  test('no mark lengthens the life of a value, neither the first nor another', async ({ running }) => {
    const { context } = running;
    const { redis } = context;
    const reader = new LeaseReader(redis);
    const [short, long] = [context.key('product:4'), context.key('product:5')];
    await reader.fill(short, 'old', 600_000);
    await reader.fill(long, 'old', 10 * HOUR_MS);
    const endOf = async (key: string) => Number(await redis.hget(key, 'e'));
    const end = await endOf(short);
    await context.sql.rows('UPDATE products SET n = 1 WHERE id IN (4, 5)');
    await waitUntilSettled(context);
    expect(await endOf(short)).toBeLessThanOrEqual(end);
    expect(await redis.pttl(short)).toBeLessThanOrEqual(600_000);
    const marked = await endOf(long);
    expect(await redis.pttl(long)).toBeLessThanOrEqual(HOUR_MS);
    await change(running, 'products', 5);
    expect(await endOf(long)).toBeLessThanOrEqual(marked);
    expect(await reader.get(long)).toMatchObject({ state: 'stale', value: 'old' });
  });

  test('what is no entry is removed', async ({ running }) => {
    const { context } = running;
    await context.fill('product:6');
    await change(running, 'products', 6);
    expect(await context.redis.exists(context.key('product:6'))).toBe(0);
  });

  test('the keys that a query finds are marked too', async ({ running: { context } }) => {
    const reader = new LeaseReader(context.redis);
    for (const id of [10, 11, 12]) await reader.fill(context.key(`post:${id}`), 'old');
    await context.sql.rows(`UPDATE authors SET name = 'Lovelace'`);
    await waitUntilSettled(context);
    const states = [10, 11, 12].map(async (id) => (await reader.get(context.key(`post:${id}`))).state);
    expect(await Promise.all(states)).toEqual(['stale', 'stale', 'fresh']);
  });

  test('beyond the limit of a mass change all keys are removed', async ({ running: { context } }) => {
    const reader = new LeaseReader(context.redis);
    await reader.fill(context.key('many:1'), 'old');
    await reader.fill(context.key('many:99'), 'old');
    await context.sql.rows('UPDATE many SET n = 1 WHERE id <= 5');
    await waitUntilSettled(context);
    expect((await context.keys()).filter((key) => key.startsWith('many:'))).toEqual([]);
  });

  test('beside a rule that writes the key is removed: neither is the old value served nor the new one', async ({
    running,
  }) => {
    const { context } = running;
    const reader = new LeaseReader(context.redis);
    await reader.fill(context.key('mixed:1'), 'old');
    await change(running, 'mixed', 1);
    expect(await context.redis.exists(context.key('mixed:1'))).toBe(0);
  });

  test('is counted, by what became of the key', async ({ running }) => {
    const { context, daemon } = running;
    await new LeaseReader(context.redis).fill(context.key('counted:7'), 'old');
    await context.sql.rows('UPDATE counted SET n = 1');
    await waitUntilSettled(context);
    const marks = (await daemon.metrics()).split('\n').filter((line) => line.includes('rule="counted"'));
    expect(marks).toEqual(
      expect.arrayContaining([
        'freshet_stale_marks_total{rule="counted",outcome="marked"} 1',
        'freshet_stale_marks_total{rule="counted",outcome="removed"} 1',
      ]),
    );
  });
});

describe('format: freshet', () => {
  test('set stores an entry that readers with leases are served, for its whole life', async ({ running }) => {
    const { context } = running;
    const { redis } = context;
    const key = context.key('stored:1');
    await change(running, 'stored', 1);
    const reader = new LeaseReader(redis);
    const served = { state: 'fresh', value: '{"id":1,"n":1}', token: undefined };
    expect(await reader.get(key)).toEqual(served);
    // It cost nobody anything to load, so nobody loads it before its end.
    expect(await reader.get(key, { timesCost: HOUR_MS })).toEqual(served);
    const { f, e } = await redis.hgetall(key);
    expect(f).toBe(e);
    const lifeMs = await redis.pttl(key);
    expect(lifeMs).toBeLessThanOrEqual(HOUR_MS);
    expect(lifeMs).toBeGreaterThan(HOUR_MS - 60_000);
  });

  test('a write and a removal void the lease of a reader that has read the old row', async ({ running }) => {
    const { context } = running;
    const reader = new LeaseReader(context.redis);
    const key = context.key('stored:2');
    const missed = await reader.lease(key);
    await change(running, 'stored', 2);
    expect(await reader.set(key, missed, 'old')).toBe(false);
    expect(await reader.get(key)).toMatchObject({ state: 'fresh', value: '{"id":2,"n":1}' });

    await context.redis.del(key);
    await reader.fill(key, 'loaded');
    const early = await reader.lease(key);
    await context.sql.rows('DELETE FROM stored WHERE id = 2');
    await waitUntilSettled(context);
    expect(await reader.set(key, early, 'old')).toBe(false);
    expect(await context.redis.exists(key)).toBe(0);
  });

  test('refresh reads again what is cached, also where the entry says that there is nothing', async ({
    running,
  }) => {
    const { context } = running;
    const reader = new LeaseReader(context.redis);
    const [key, nothing] = [context.key('read-again:1'), context.key('read-again:9')];
    await reader.fill(key, 'old');
    const early = await reader.lease(key);
    await change(running, 'read_again', 1);
    expect(await reader.get(key)).toMatchObject({ state: 'fresh', value: '{"n":1}' });
    expect(await reader.set(key, early, 'old')).toBe(false);

    await reader.fill(nothing, undefined);
    await context.sql.rows('INSERT INTO read_again VALUES (9, 5)');
    await waitUntilSettled(context);
    expect(await reader.get(nothing)).toMatchObject({ state: 'fresh', value: '{"n":5}' });

    await context.sql.rows('DELETE FROM read_again WHERE id = 1');
    await waitUntilSettled(context);
    expect(await context.redis.exists(key)).toBe(0);
  });

  test('an entry in tags that is read again ends when it would have ended: until then its tags name it', async ({
    running,
  }) => {
    const { context } = running;
    const reader = new LeaseReader(context.redis);
    const key = context.key('read-again:5');
    const { token = '' } = await reader.get(key, { tags: ['some', 'other'] });
    await reader.set(key, token, 'old', HOUR_MS / 2);
    await change(running, 'read_again', 5);

    expect(await context.redis.hgetall(key)).toMatchObject({ v: '{"n":1}', t: 'some\nother' });
    expect(await context.redis.pttl(key)).toBeLessThanOrEqual(HOUR_MS / 2);
    expect(await reader.get(key, { tags: ['other'] })).toMatchObject({ state: 'fresh', value: '{"n":1}' });

    const stored = context.key('stored:5');
    await change(running, 'stored', 5);
    expect(await reader.get(stored)).toMatchObject({ state: 'fresh' });
    expect(await reader.get(stored, { tags: ['some'] }), 'nobody has registered it').toMatchObject({
      state: 'none',
      token: expect.any(String),
    });
  });

  test('a lease alone is no cached value: it is void, and nothing is read', async ({ running }) => {
    const { context } = running;
    const reader = new LeaseReader(context.redis);
    const key = context.key('read-again:2');
    const missed = await reader.lease(key);
    expect(await context.redis.exists(key)).toBe(1);
    await change(running, 'read_again', 2);
    expect(await context.redis.exists(key)).toBe(0);
    expect(await reader.set(key, missed, 'old')).toBe(false);
  });

  test('a plain value under such a key is removed, for its readers would take it for fresh', async ({
    running,
  }) => {
    const { context } = running;
    await context.fill('read-again:3');
    await change(running, 'read_again', 3);
    expect(await context.redis.exists(context.key('read-again:3'))).toBe(0);
  });
});

test('a plain rule voids leases too: its value takes the place of whatever is there', async ({ running }) => {
  const { context } = running;
  const reader = new LeaseReader(context.redis);
  const key = context.key('plain:1');
  const missed = await reader.lease(key);
  await change(running, 'plain', 1);
  expect(await context.redis.get(key)).toBe('{"n":1}');
  expect(await reader.set(key, missed, 'old')).toBe(false);
  expect(await reader.get(key)).toMatchObject({ state: 'none', token: expect.any(String) });
});

test('a tag as readers with leases keep it goes with its keys, and voids the lease of those that load', async ({
  running,
}) => {
  const { context } = running;
  const { redis } = context;
  const reader = new LeaseReader(redis);
  const tag = context.key('tag:1');
  const [cached, loading] = [context.key('page:1'), context.key('page:2')];
  for (const key of [cached, loading]) await reader.tag(tag, key);
  await reader.fill(cached, 'old');
  const missed = await reader.lease(loading);
  await change(running, 'tagged', 1);
  expect(await redis.exists(tag, cached, loading)).toBe(0);
  expect(await reader.set(loading, missed, 'old')).toBe(false);
});
