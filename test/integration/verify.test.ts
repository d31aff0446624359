import { stringify } from 'superjson';
import { expect } from 'vitest';
import type { Report } from '../../src/audit/format-report.ts';
import { loadRules } from '../../src/config/load-rules.ts';
import { loadSettings } from '../../src/config/load-settings.ts';
import { runVerification } from '../../src/session/run-verification.ts';
import type { TestContext } from '../support/test-context.ts';
import { waitFor } from '../support/wait-for.ts';
import { configFolder } from './config-folder.ts';
import { waitUntilSettled } from './settled.ts';
import { withDaemon } from './with-daemon.ts';

const COUNT_OF_SHELF = { query: 'SELECT count(*)::int AS items FROM items WHERE shelf = ${shelf}' };

const RULES = [
  {
    name: 'item',
    table: 'public.items',
    keys: ['item:${id}'],
    refresh: { query: 'SELECT * FROM items WHERE id = ${id}', ttl: '1h', always: true },
  },
  {
    name: 'stock',
    table: 'public.items',
    keys: ['stock:${shelf}'],
    counter: { sum: 'stock', ttl: '1h', always: true },
  },
  {
    name: 'shelf',
    table: 'public.items',
    keys: ['shelf:${shelf}'],
    sortedSet: { member: '${id}', score: 'stock', ttl: '1h', always: true },
  },
  { name: 'gone', table: 'public.items', keys: ['gone:${id}'] },
  {
    name: 'filled',
    table: 'public.items',
    keys: ['filled:${id}'],
    verify: { query: 'SELECT shelf, stock FROM items WHERE id = ${id}' },
  },
  {
    name: 'price',
    table: 'public.prices',
    keys: ['price:${id}'],
    verify: { query: 'SELECT id, price, sold, at FROM prices WHERE id = ${id}' },
  },
  {
    name: 'coded',
    table: 'public.prices',
    keys: ['coded:${id}'],
    verify: {
      query: `SELECT json_build_object('price', price, 'at', at) AS json,
        '{"values":{"at":["Date"]},"v":1}'::json AS meta FROM prices WHERE id = \${id}`,
    },
  },
  { name: 'page', table: 'public.items', keys: ['page:${shelf}'], verify: COUNT_OF_SHELF },
  { name: 'comments', table: 'public.items', keys: ['page:${shelf}:comments'], verify: COUNT_OF_SHELF },
  { name: 'likes', table: 'public.items', keys: ['page:${shelf}:likes'], mode: 'shadow' },
  {
    name: 'pair',
    table: 'public.items',
    keys: ['pair:${shelf}:${stock}'],
    verify: { query: 'SELECT id FROM items WHERE shelf = ${shelf} AND stock = ${stock}' },
  },
] as const;

const test = withDaemon({
  schema: `
    CREATE TABLE items (id int PRIMARY KEY, shelf text NOT NULL, stock int NOT NULL);
    ALTER TABLE items REPLICA IDENTITY FULL;
    CREATE TABLE prices (id bigint PRIMARY KEY, price numeric(10,2), sold bigint, at timestamptz);`,
  rules: RULES,
  settings: { 'verify.interval': '50ms' },
});

/** The audit as the verb runs it, on the context's rules. */
async function verify(
  context: TestContext,
  options: {
    readonly only?: string;
    readonly sample?: number;
    readonly repair?: boolean;
    readonly withinMs?: number;
    readonly recentMs?: number;
  } = {},
): Promise<Report> {
  await using folder = await configFolder(context, RULES);
  const loaded = loadSettings({ configFile: folder.join('freshet.yaml'), env: {} });
  return await runVerification(
    {
      settings: loaded,
      rules: loadRules(loaded.rules),
      only: options.only === undefined ? undefined : [options.only],
      sample: options.sample ?? Number.POSITIVE_INFINITY,
      recentMs: options.recentMs,
      withinMs: options.withinMs ?? 10_000,
      repair: options.repair ?? false,
      onProgress: () => {},
    },
    context.signal,
  );
}

test('what the daemon wrote is consistent, whatever its shape', async ({ running: { context } }) => {
  await context.sql.rows(`INSERT INTO items SELECT id, 'a' || id % 3, id FROM generate_series(1, 60) AS id`);
  await waitUntilSettled(context);
  const report = await verify(context);
  expect(
    report.templates.map(({ rule, found, compared, stale }) => ({ rule, found, compared, stale })),
  ).toEqual([
    { rule: 'item', found: 60, compared: 60, stale: 0 },
    { rule: 'stock', found: 3, compared: 3, stale: 0 },
    { rule: 'shelf', found: 3, compared: 3, stale: 0 },
    ...['filled', 'price', 'coded', 'page', 'comments', 'pair'].map((rule) => ({
      rule,
      found: 0,
      compared: 0,
      stale: 0,
    })),
  ]);
  expect(report).toMatchObject({ isWhole: true, staleShareAtMost: 0, withoutTtl: [] });
  expect(report.unaudited.map(({ rule }) => rule)).toEqual(['gone']);
});

test('a value that was changed behind its back is accused, with its lineage, and deleted by --repair', async ({
  running: { context },
}) => {
  const { sql, redis } = context;
  await sql.rows(`INSERT INTO items SELECT id, 'b', 1 FROM generate_series(101, 105) AS id`);
  await waitUntilSettled(context);
  await redis.set(context.key('item:101'), '{"id":101,"shelf":"b","stock":99}', 'PX', 60_000);
  await redis.set(context.key('item:999'), '{"id":999,"shelf":"b","stock":1}');
  await redis.set(context.key('stock:b'), '17', 'PX', 60_000);
  await redis.zadd(context.key('shelf:b'), 5, '777');
  const found = await verify(context);
  const stale = found.staleKeys.map(({ key, verdict, ttlMs, writtenAt }) => ({
    key: key.slice(context.keyPrefix.length),
    how: verdict.kind === 'stale' ? verdict.how : undefined,
    livesForEver: ttlMs === undefined,
    wasWritten: writtenAt !== undefined,
  }));
  expect(stale.toSorted((a, b) => a.key.localeCompare(b.key))).toEqual([
    { key: 'item:101', how: 'differs in stock', livesForEver: false, wasWritten: true },
    { key: 'item:999', how: 'there is no row', livesForEver: true, wasWritten: false },
    { key: 'shelf:b', how: 'differs in 1 member', livesForEver: false, wasWritten: true },
    { key: 'stock:b', how: 'differs in the value', livesForEver: false, wasWritten: true },
  ]);
  expect(found.withoutTtl.map(({ key }) => key)).toEqual([context.key('item:999')]);
  expect(await verify(context, { repair: true })).toMatchObject({ repaired: 4 });
  expect(
    await redis.exists(...['item:101', 'item:999', 'shelf:b', 'stock:b'].map((key) => context.key(key))),
  ).toBe(0);
  expect(await verify(context)).toMatchObject({ staleKeys: [] });
});

test('what readers filled is proved by the query of verify: a plain value, an entry, a negative result', async ({
  running: { context },
}) => {
  const { sql, redis } = context;
  await sql.rows(`INSERT INTO items SELECT id, 'd', id FROM generate_series(301, 304) AS id`);
  await waitUntilSettled(context);
  const entry = async (id: number, fields: Readonly<Record<string, string>>) => {
    const inAnHour = String(Date.now() + 3_600_000);
    const key = context.key(`filled:${id}`);
    await redis.hset(key, { v: '', f: inAnHour, e: inAnHour, c: '1', ...fields });
    await redis.pexpire(key, 3_600_000);
  };
  await redis.set(context.key('filled:301'), '{"stock": 301, "shelf": "d"}', 'PX', 60_000);
  await entry(302, { v: '{"shelf":"d","stock":302}' });
  await entry(303, { v: '{"shelf":"d","stock":1}' });
  await entry(304, { n: '1' });
  await entry(305, { n: '1' });
  await entry(306, { v: '{"shelf":"d","stock":306}', f: '0' });
  await redis.hset(context.key('filled:307'), { l: 'token', d: String(Date.now() + 60_000) });
  await redis.pexpire(context.key('filled:307'), 60_000);
  const { templates, staleKeys } = await verify(context, { only: 'filled' });
  expect(templates).toMatchObject([{ found: 7, compared: 5, stale: 2 }]);
  const how = staleKeys.map(({ key, verdict }) => [
    key.slice(context.keyPrefix.length),
    verdict.kind === 'stale' ? verdict.how : undefined,
  ]);
  expect(Object.fromEntries(how)).toEqual({
    'filled:303': 'differs in stock',
    'filled:304': 'there is a row',
  });
  expect(await verify(context, { only: 'filled', repair: true })).toMatchObject({ repaired: 2 });
});

test('what a driver hands over as text or as a Date, and a reader caches as JSON, is right', async ({
  running: { context },
}) => {
  const { sql, redis } = context;
  await sql.rows(`INSERT INTO prices VALUES
    (1, 12.50, 9007199254740993, '2026-01-01'),
    (2, -0.10, 0, '2026-01-01 12:00:00.123456+05:30'),
    (3, 1e7, -1, NULL),
    (4, 12.50, 9007199254740993, '2026-01-01')`);
  await waitUntilSettled(context);
  const fill = async (row: object, id: unknown) =>
    redis.set(context.key(`price:${String(id)}`), JSON.stringify(row), 'PX', 60_000);
  for (const row of await sql.rows('SELECT id, price, sold, at FROM prices')) await fill(row, row['id']);
  await fill({ id: '4', price: '12.51', sold: '9007199254740992', at: '2026-01-01T00:00:00.001Z' }, 4);
  expect(await redis.get(context.key('price:1'))).toBe(
    '{"id":"1","price":"12.50","sold":"9007199254740993","at":"2026-01-01T00:00:00.000Z"}',
  );
  const { templates, staleKeys } = await verify(context, { only: 'price' });
  expect(templates).toMatchObject([{ compared: 4, stale: 1 }]);
  expect(staleKeys).toMatchObject([
    { key: context.key('price:4'), verdict: { how: 'differs in price, sold, at' } },
  ]);
  await redis.unlink(context.key('price:4'));
});

test('what a codec adds is written by the query', async ({ running: { context } }) => {
  const { sql, redis } = context;
  await sql.rows(`INSERT INTO prices VALUES (11, 12.50, 1, '2026-01-01 12:00:00.123456')`);
  await waitUntilSettled(context);
  const [row] = await sql.rows('SELECT price, at FROM prices WHERE id = 11');
  await redis.set(context.key('coded:11'), stringify(row), 'PX', 60_000);
  const { templates } = await verify(context, { only: 'coded' });
  expect(templates).toMatchObject([{ compared: 1, stale: 0 }]);
});

test('keys of a rule that was not asked for, or is a shadow, are not accused by another, nor deleted', async ({
  running: { context },
}) => {
  const { redis } = context;
  const names = ['page:home:comments', 'page:home:likes'];
  for (const name of names) await redis.set(context.key(name), '["fine"]', 'PX', 60_000);
  await redis.set(context.key('page:home'), '{"items":7}', 'PX', 60_000);
  const { templates, staleKeys } = await verify(context, { only: 'page', repair: true });
  expect(templates).toMatchObject([{ rule: 'page', found: 1, stale: 1 }]);
  expect(staleKeys.map(({ key }) => key)).toEqual([context.key('page:home')]);
  expect(await redis.exists(...names.map((name) => context.key(name)))).toBe(2);
  await redis.unlink(names.map((name) => context.key(name)));
});

test('keys that could be of several rows are counted, not accused', async ({ running: { context } }) => {
  const { redis } = context;
  for (const name of ['pair:a:b:1', 'pair:none:1'])
    await redis.set(context.key(name), '{"id":1}', 'PX', 60_000);
  const { templates, ambiguous, staleKeys } = await verify(context, { only: 'pair', repair: true });
  expect(templates).toMatchObject([{ found: 1, compared: 1, ambiguous: 1 }]);
  expect(ambiguous).toBe(1);
  expect(staleKeys.map(({ key }) => key)).toEqual([context.key('pair:none:1')]);
  await redis.unlink(context.key('pair:a:b:1'));
});

test('keys of somebody else that fit a template are left alone, and stay unsaid', async ({
  running: { context, daemon },
}) => {
  const { redis } = context;
  const names = ['item:list', 'item:7:reviews', 'item:99999999999', 'shelf:a:more'];
  for (const name of names) await redis.set(context.key(name), 'private', 'PX', 60_000);
  // Those that are no integers; a shelf may have any name.
  const { staleKeys } = await verify(context, { repair: true });
  expect(staleKeys.map(({ key }) => key)).toEqual([context.key('shelf:a:more')]);
  expect(await context.keys()).toEqual(expect.arrayContaining(names.slice(0, 3)));
  await waitFor(
    async () =>
      /^freshet_verified_keys_total\{rule="item",verdict="foreign"\} [1-9]/m.test(await daemon.metrics()),
    { what: 'the daemon to look at one of them', deadlineMs: 30_000 },
  );
  expect(daemon.log.join('\n')).not.toMatch(/item:list|reviews|99999999999|syntax/);
  await redis.unlink(names.map((name) => context.key(name)));
});

test('keys that change all the time are not accused', async ({ running: { context } }) => {
  await context.sql.rows(`INSERT INTO items SELECT id, 'c', 0 FROM generate_series(201, 220) AS id`);
  await waitUntilSettled(context);
  const writer = await context.connect();
  const verified = new AbortController();
  const writing = (async () => {
    while (!verified.signal.aborted)
      await writer.rows(`UPDATE items SET stock = stock + 1 WHERE shelf = 'c'`);
  })();
  const report = await verify(context, { withinMs: 2_000 }).finally(() => {
    verified.abort();
  });
  await writing;
  await waitUntilSettled(context);
  expect(report.staleKeys).toEqual([]);
  expect(report.compared).toBeGreaterThan(0);
});

test('the daemon finds a stale key by itself, and says so without its name', async ({
  running: { context, daemon },
}) => {
  await context.sql.rows(`INSERT INTO items VALUES (401, 'e', 1)`);
  await waitUntilSettled(context);
  await context.redis.set(context.key('item:401'), '{"id":401,"shelf":"e","stock":2}', 'PX', 60_000);
  await waitFor(
    async () => {
      // Now it is one of the keys that were touched lately.
      await context.sql.rows(`UPDATE items SET stock = 1 WHERE id = 401`);
      await waitUntilSettled(context);
      await context.redis.set(context.key('item:401'), '{"id":401,"shelf":"e","stock":2}', 'PX', 60_000);
      return /^freshet_verified_keys_total\{rule="item",verdict="stale"\} [1-9]/m.test(
        await daemon.metrics(),
      );
    },
    { what: 'the daemon to find the stale key', deadlineMs: 30_000 },
  );
  const lines = daemon.log.filter((text) => text.includes('a cached key is stale'));
  expect(lines.map((line): unknown => JSON.parse(line))).toContainEqual(
    expect.objectContaining({ rule: 'item', how: 'differs in stock', level: 'error' }),
  );
  expect(lines.join('\n')).not.toMatch(/item:\d/);
  await context.redis.unlink(context.key('item:401'));
});

test('of keys that change from now on, whatever else is cached', async ({ running: { context } }) => {
  await context.sql.rows(`INSERT INTO items VALUES (501, 'f', 0), (502, 'f', 0)`);
  await waitUntilSettled(context);
  const writer = await context.connect();
  const verified = new AbortController();
  const writing = (async () => {
    while (!verified.signal.aborted) await writer.rows('UPDATE items SET stock = stock + 1 WHERE id = 501');
  })();
  const report = await waitFor(
    async () => {
      // The slot may need all this time, where another test's transaction is open.
      const found = await verify(context, { only: 'item', recentMs: 3_000, withinMs: 2_000 });
      return found.templates.some((template) => template.found > 0) && found;
    },
    { what: 'changes to be followed', deadlineMs: 30_000 },
  ).finally(() => {
    verified.abort();
  });
  await writing;
  await waitUntilSettled(context);
  expect(report.templates).toMatchObject([{ rule: 'item', found: 1, stale: 0 }]);
});

test('of many keys a sample is compared, and the answer allows for the rest', async ({
  running: { context },
}) => {
  const report = await verify(context, { only: 'item', sample: 10 });
  expect(report.templates).toMatchObject([{ rule: 'item', compared: 10 }]);
  expect(report.isWhole).toBe(false);
  expect(report.staleShareAtMost).toBeGreaterThan(0.1);
});
