import { expect } from 'vitest';
import { type Cache, createCache, fromIoredis, lastCommitLsn } from '../../src/client/client.ts';
import type { TestContext } from '../support/test-context.ts';
import { waitFor } from '../support/wait-for.ts';
import { withDaemon } from './with-daemon.ts';

/** The client on what the real daemon does to its keys. */
const test = withDaemon({
  schema: `
    CREATE TABLE items (id int PRIMARY KEY, n int NOT NULL);
    CREATE TABLE marked (id int PRIMARY KEY, n int NOT NULL);
    CREATE TABLE tagged (id int PRIMARY KEY, n int NOT NULL);
    CREATE TABLE ready (id int PRIMARY KEY, n int NOT NULL);`,
  rules: [
    { name: 'item', table: 'public.items', keys: ['item:${id}'] },
    { name: 'marked', table: 'public.marked', keys: ['marked:${id}'], stale: { serveFor: '1h' } },
    { name: 'tagged', table: 'public.tagged', keys: ['tag:${id}'], purgeTag: {} },
    {
      name: 'ready',
      table: 'public.ready',
      keys: ['ready:${id}'],
      refresh: { query: 'SELECT n FROM ready WHERE id = ${id}', ttl: '1h', format: 'freshet' },
    },
  ],
});

async function unexpected(): Promise<never> {
  throw new Error('nothing was to be loaded');
}

function cacheOf({ redis, keyPrefix, slot }: TestContext): Cache {
  return createCache({
    redis: fromIoredis(redis),
    prefix: keyPrefix,
    slot,
    redisTimeout: '5s',
    defaults: { ttl: '1h' },
  });
}

/** Of a row with the id 1. */
function loader(context: TestContext, table: string) {
  return async (): Promise<number | undefined> => {
    const [row] = await context.sql.rows<{ n: number }>(`SELECT n FROM ${table} WHERE id = 1`);
    return row?.n;
  };
}

/** Commits, and waits for it as an application that reads its own write. */
async function commit(context: TestContext, cache: Cache, sql: string): Promise<void> {
  await context.sql.rows(sql);
  const lsn = await lastCommitLsn(await context.sql.driver());
  // A daemon that has just begun says nothing before it has proved something.
  await waitFor(async () => (await context.redis.exists(`freshet:{${context.slot}}:heartbeat`)) === 1, {
    what: 'the first heartbeat',
  });
  expect(await cache.waitFor(lsn, { timeout: '20s' })).toBe('applied');
}

test('who has waited for an own write reads it, also where there was no row before', async ({ running }) => {
  const { context } = running;
  await using cache = cacheOf(context);
  const load = loader(context, 'items');
  const options = { negativeTtl: '1h' } as const;
  expect(await cache.get('item:1', load, options)).toBeUndefined();
  for (let n = 1; n <= 20; n++) {
    await commit(
      context,
      cache,
      `INSERT INTO items VALUES (1, ${n}) ON CONFLICT (id) DO UPDATE SET n = ${n}`,
    );
    expect(await cache.get('item:1', load, options)).toBe(n);
    expect(await cache.get('item:1', unexpected, options)).toBe(n);
  }
  await commit(context, cache, 'DELETE FROM items');
  expect(await cache.get('item:1', load, options)).toBeUndefined();
});

test('a commit that concerns no rule is waited for as well', async ({ running }) => {
  const { context } = running;
  await using cache = cacheOf(context);
  await commit(context, cache, 'CREATE TABLE others (id int); INSERT INTO others VALUES (1)');
});

test('a value that is marked stale is served once more, and not to who does not accept it', async ({
  running,
}) => {
  const { context } = running;
  await using cache = cacheOf(context);
  const load = loader(context, 'marked');
  await commit(context, cache, 'INSERT INTO marked VALUES (1, 1)');
  expect(await cache.get('marked:1', load)).toBe(1);
  await commit(context, cache, 'UPDATE marked SET n = 2');
  expect(await cache.get('marked:1', load)).toBe(1);
  await cache.drain();
  expect(await cache.get('marked:1', unexpected)).toBe(2);
  await commit(context, cache, 'UPDATE marked SET n = 3');
  expect(await cache.get('marked:1', load, { acceptStale: false })).toBe(3);
});

test('a tag takes its keys along, wherever they are in their lives', async ({ running }) => {
  const { context } = running;
  await using cache = cacheOf(context);
  const load = loader(context, 'tagged');
  const options = { tags: ['tag:1'] } as const;
  await commit(context, cache, 'INSERT INTO tagged VALUES (1, 1)');
  expect(await cache.get('page:1', load, options)).toBe(1);
  expect(await cache.get('page:2', load, options)).toBe(1);
  // While this one is loaded, what it has read already changes.
  const overtaken = await cache.get(
    'page:3',
    async () => {
      const read = await load();
      await commit(context, cache, 'UPDATE tagged SET n = 2');
      return read;
    },
    options,
  );
  expect(overtaken).toBe(1);
  expect(
    await cache.getMany(
      ['page:1', 'page:2', 'page:3'],
      async (keys) => {
        expect(keys).toEqual(['page:1', 'page:2', 'page:3']);
        const n = await load();
        return new Map(keys.map((key) => [key, n]));
      },
      options,
    ),
  ).toEqual(
    new Map([
      ['page:1', 2],
      ['page:2', 2],
      ['page:3', 2],
    ]),
  );
});

test('what the daemon stores in the format of the client is a hit', async ({ running }) => {
  const { context } = running;
  await using cache = cacheOf(context);
  await commit(context, cache, 'INSERT INTO ready VALUES (1, 1)');
  expect(await cache.get('ready:1', async () => ({ n: 1 }))).toEqual({ n: 1 });
  await commit(context, cache, 'UPDATE ready SET n = 2');
  expect(await cache.get('ready:1', unexpected)).toEqual({ n: 2 });
});
