import { afterAll, beforeAll, describe, expect, test as plainTest } from 'vitest';
import { SynchronousServers } from '../support/synchronous-servers.ts';
import { TestContext } from '../support/test-context.ts';
import { waitFor } from '../support/wait-for.ts';
import { ruleText } from './rule-text.ts';
import { waitUntilSettled } from './settled.ts';
import { withDaemon } from './with-daemon.ts';

const HOUR_MS = 3_600_000;

const test = withDaemon({
  schema: `
    CREATE TABLE items (id int PRIMARY KEY, live bool, price numeric(9, 2), at timestamptz, note text);
    CREATE TABLE lists (id int PRIMARY KEY, owner int NOT NULL);
    ALTER TABLE lists REPLICA IDENTITY FULL;
    CREATE TABLE slugs (id int PRIMARY KEY, slug text);
    ALTER TABLE slugs REPLICA IDENTITY FULL;
    CREATE TABLE busy (id int PRIMARY KEY, n int);
    CREATE SEQUENCE calls;
    CREATE TABLE ruled (id int PRIMARY KEY, n int);
    ALTER TABLE ruled REPLICA IDENTITY FULL;
    CREATE TABLE faulty (id int PRIMARY KEY, n int);
    CREATE TABLE jittered (id int PRIMARY KEY);`,
  rules: [
    ...(['json', 'hash'] as const).map((as) => ({
      name: `item-${as}`,
      table: 'public.items',
      keys: [`${as}:\${id}`],
      refresh: { query: 'SELECT * FROM items WHERE id = ${id} -- one', ttl: '1h', as },
    })),
    {
      name: 'item-string',
      table: 'public.items',
      keys: ['string:${id}'],
      refresh: { query: 'SELECT live FROM items WHERE id = ${id}', ttl: '1h', as: 'string', always: true },
    },
    {
      name: 'item-text',
      table: 'public.items',
      keys: ['text:${id}'],
      refresh: {
        query: 'SELECT live AS "Is Live", price, note FROM items WHERE id = ${id} -- one',
        ttl: '1h',
        template: '${"Is Live"|upper}: ${price}',
        always: true,
      },
    },
    {
      name: 'list',
      table: 'public.lists',
      keys: ['list:${owner}'],
      refresh: {
        query: 'SELECT id FROM lists WHERE owner = ${owner} ORDER BY id DESC',
        ttl: '1h',
        as: 'rows',
      },
    },
    {
      name: 'slug',
      table: 'public.slugs',
      keys: ['slug:${slug}'],
      refresh: { query: 'SELECT * FROM slugs WHERE id = ${id}', ttl: '1h' },
    },
    {
      name: 'busy',
      table: 'public.busy',
      keys: ['busy:${id}'],
      refresh: { query: `SELECT n, nextval('calls') AS call FROM busy WHERE id = \${id}`, ttl: '1h' },
    },
    {
      name: 'ruled',
      table: 'public.ruled',
      keys: ['ruled:${id}'],
      refresh: { query: 'SELECT n FROM ruled WHERE id = ${id}', ttl: '1h', always: true },
    },
    {
      name: 'ruled-stronger',
      table: 'public.ruled',
      keys: ['ruled:${id}'],
      when: 'row.n == -1 || old.n == -1',
    },
    {
      name: 'faulty',
      table: 'public.faulty',
      keys: ['faulty:${id}'],
      refresh: { query: 'SELECT 100 / n AS share FROM faulty WHERE id = ${id}', ttl: '1h' },
    },
    {
      name: 'jittered',
      table: 'public.jittered',
      keys: ['jittered:${id}'],
      refresh: { query: 'SELECT 1', ttl: '1h', jitter: 0.5, always: true },
    },
  ],
});

test('the value is read again in the shape that the rule asks for, with its time to live', async ({
  running: { context },
}) => {
  const { redis, sql } = context;
  await context.fill('json:1', 'hash:1', 'string:1');
  await sql.rows(`INSERT INTO items VALUES (1, true, 9.5, '2026-07-01 12:00+02', NULL)`);
  await waitUntilSettled(context);
  expect(JSON.parse((await redis.get(context.key('json:1'))) ?? '')).toEqual({
    id: 1,
    live: true,
    price: 9.5,
    at: '2026-07-01T10:00:00+00:00',
    note: null,
  });
  // As the action `hash` would write them.
  expect(await redis.hgetall(context.key('hash:1'))).toEqual({
    id: '1',
    live: 't',
    price: '9.50',
    at: '2026-07-01 10:00:00+00',
  });
  expect(await redis.get(context.key('string:1'))).toBe('t');
  expect(await redis.get(context.key('text:1'))).toBe('T: 9.50');
  for (const name of ['json:1', 'hash:1', 'string:1', 'text:1']) {
    const ttl = await redis.pttl(context.key(name));
    expect(ttl, name).toBeGreaterThan(0.9 * HOUR_MS - 60_000);
    expect(ttl, name).toBeLessThanOrEqual(1.1 * HOUR_MS);
  }
});

test('only where the key exists, unless always; and gone with the row', async ({ running: { context } }) => {
  const { sql } = context;
  await sql.rows(`INSERT INTO items VALUES (2, false)`);
  await waitUntilSettled(context);
  expect(await context.keys()).toContain('string:2');
  expect(await context.keys()).not.toContain('json:2');
  await context.fill('json:2', 'hash:2');
  await sql.rows('DELETE FROM items WHERE id = 2');
  await waitUntilSettled(context);
  expect((await context.keys()).filter((key) => key.endsWith(':2'))).toEqual([]);
});

test('of a row that moves, both lists are read again', async ({ running: { context } }) => {
  const { sql, redis } = context;
  await sql.rows('INSERT INTO lists VALUES (1, 1), (2, 1), (3, 2)');
  await waitUntilSettled(context);
  await context.fill('list:1', 'list:2');
  await sql.rows('UPDATE lists SET owner = 2 WHERE id = 2');
  await waitUntilSettled(context);
  const lists = await redis.mget(context.key('list:1'), context.key('list:2'));
  expect(lists.map((text) => JSON.parse(text ?? ''))).toEqual([[{ id: 1 }], [{ id: 3 }, { id: 2 }]]);
});

test('a key that the row has left is not filled with that row', async ({ running: { context } }) => {
  const { sql, redis } = context;
  await sql.rows(`INSERT INTO slugs VALUES (1, 'old')`);
  await waitUntilSettled(context);
  await context.fill('slug:old', 'slug:new');
  await sql.rows(`UPDATE slugs SET slug = 'new'`);
  await waitUntilSettled(context);
  expect(await redis.get(context.key('slug:new'))).toBe('{"id":1,"slug":"new"}');
  expect(await redis.exists(context.key('slug:old'))).toBe(0);
});

test('500 changes of a key in one transaction are one query, or two where a batch begins in its middle', async ({
  running: { context },
}) => {
  const { sql, redis } = context;
  await sql.rows('INSERT INTO busy VALUES (1, 0)');
  await waitUntilSettled(context);
  await context.fill('busy:1');
  await sql.rows(`DO $$ BEGIN FOR i IN 1..500 LOOP UPDATE busy SET n = i; END LOOP; END $$`);
  await waitUntilSettled(context);
  const value: unknown = JSON.parse((await redis.get(context.key('busy:1'))) ?? 'null');
  expect([
    { n: 500, call: 1 },
    { n: 500, call: 2 },
  ]).toContainEqual(value);
});

test('a key that another rule deletes is not written', async ({ running: { context } }) => {
  const { sql, redis } = context;
  await sql.rows('INSERT INTO ruled VALUES (1, 5)');
  await waitUntilSettled(context);
  expect(await redis.get(context.key('ruled:1'))).toBe('{"n":5}');
  await sql.rows('UPDATE ruled SET n = -1');
  await waitUntilSettled(context);
  expect(await redis.exists(context.key('ruled:1'))).toBe(0);
});

test('a query that fails removes the key, and says nothing of values', async ({
  running: { context, daemon },
}) => {
  const { sql } = context;
  await context.fill('faulty:1', 'faulty:2');
  await sql.rows('INSERT INTO faulty VALUES (1, 0)');
  await waitUntilSettled(context);
  expect((await context.keys()).filter((key) => key.startsWith('faulty'))).toEqual(['faulty:2']);
  const [report = '{}'] = daemon.log.filter((line) => line.includes("a rule's query failed"));
  expect(JSON.parse(report)).toMatchObject({ level: 'error', rule: 'faulty', code: '22012' });
  expect(report).not.toContain('division');
});

test('jitter spreads the ends of values that were written together', async ({ running: { context } }) => {
  await context.sql.rows('INSERT INTO jittered SELECT generate_series(1, 40)');
  await waitUntilSettled(context);
  const ttls = await Promise.all(
    Array.from({ length: 40 }, (_, index) => context.redis.pttl(context.key(`jittered:${index + 1}`))),
  );
  expect(Math.min(...ttls)).toBeGreaterThan(0.5 * HOUR_MS - 60_000);
  expect(Math.max(...ttls)).toBeLessThanOrEqual(1.5 * HOUR_MS);
  expect(Math.max(...ttls) - Math.min(...ttls)).toBeGreaterThan(0.4 * HOUR_MS);
});

function rules({ keyPrefix }: TestContext): string {
  const refresh = { query: 'SELECT n FROM items WHERE id = ${id}', ttl: '1h' };
  const each = { each: 'SELECT id FROM items WHERE id = ${id}', key: 'found:${id}' };
  return ruleText(keyPrefix, [
    { name: 'item', table: 'public.items', keys: ['item:${id}'], refresh },
    { name: 'found', table: 'public.items', keys: [each] },
  ]);
}

describe('on servers of their own', () => {
  let servers: SynchronousServers;

  beforeAll(async () => {
    servers = await SynchronousServers.create({ auth: 'scram-sha-256' });
  });
  afterAll(() => servers[Symbol.asyncDispose]());

  /** One row, `n: 0`, whose key is cached. */
  async function open(): Promise<TestContext> {
    const { primary, redis } = servers;
    const context = await TestContext.open({ postgresUrl: primary.url, redisUrl: redis.url });
    await context.sql.rows(`CREATE TABLE items (id int PRIMARY KEY, n int); INSERT INTO items VALUES (1, 0)`);
    return context;
  }

  plainTest('a value is read only once its commit is visible', async () => {
    await using context = await open();
    const daemon = await context.startDaemon({ rules: rules(context) });
    await context.redis.set(context.key('item:1'), '{"n":0}');
    await servers.holdCommits();
    const held = await servers.commitHeld(context, 'UPDATE items SET n = 1');
    // Read and waiting: a query now would see the row from before.
    await waitFor(async () => (await daemon.metric('freshet_batches_invisible')) === 1, {
      what: 'the batch to wait for its commit',
    });
    await context.sql.rows('SET synchronous_commit = local; INSERT INTO items VALUES (2, 2)');
    expect(await context.redis.get(context.key('item:1'))).toBe('{"n":0}');
    await servers.releaseCommits();
    await held.done;
    await waitFor(async () => (await context.redis.get(context.key('item:1'))) === '{"n":1}', {
      what: 'the new value',
    });
    await servers.reset();
  });

  plainTest('without SELECT the keys are removed, and the log has the GRANT', async () => {
    await using context = await open();
    const { sql, publication, database } = context;
    await sql.rows(`
      CREATE ROLE reader LOGIN REPLICATION PASSWORD 'reader';
      GRANT SELECT ON items TO reader;
      CREATE PUBLICATION ${publication} FOR TABLE items`);
    const url = new URL(context.databaseUrl);
    url.username = 'reader';
    url.password = 'reader';
    const daemon = await context.startDaemon({ postgresUrl: url.href, rules: rules(context) });
    await context.redis.set(context.key('item:1'), '{"n":0}');
    await sql.rows('UPDATE items SET n = 1');
    await waitUntilSettled(context);
    expect(await context.redis.get(context.key('item:1'))).toBe('{"n":1}');

    await sql.rows('REVOKE SELECT ON items FROM reader');
    await context.redis.set(context.key('found:7'), 'cached');
    for (const n of [2, 3]) await sql.rows('UPDATE items SET n = $1', [n]);
    await waitUntilSettled(context);
    expect(await context.keys()).toEqual([]);
    const reports = () => daemon.log.filter((line) => line.includes("a rule's query failed"));
    await waitFor(() => reports().length === 2, { what: 'a report of each rule' });
    for (const report of reports()) {
      expect(JSON.parse(report)).toMatchObject({
        err: { code: 'DENIED' },
        remedy: 'GRANT SELECT ON public.items TO reader;',
      });
    }
    expect(await daemon.isReady(), `still on ${database}`).toBe(true);
  });

  plainTest('row-level security hides no row in silence', async () => {
    await using context = await open();
    const { sql, publication } = context;
    await sql.rows(`
      CREATE ROLE filtered LOGIN REPLICATION PASSWORD 'filtered';
      GRANT SELECT ON items TO filtered;
      CREATE PUBLICATION ${publication} FOR TABLE items`);
    const url = new URL(context.databaseUrl);
    url.username = 'filtered';
    url.password = 'filtered';
    const daemon = await context.startDaemon({ postgresUrl: url.href, rules: rules(context) });
    await context.redis.set(context.key('found:1'), 'cached');
    await sql.rows('ALTER TABLE items ENABLE ROW LEVEL SECURITY; UPDATE items SET n = 1');
    await waitUntilSettled(context);
    expect(await context.keys()).toEqual([]);
    await waitFor(() => daemon.log.some((line) => line.includes('ALTER ROLE filtered BYPASSRLS;')), {
      what: 'the remedy in the log',
    });
  });
});
