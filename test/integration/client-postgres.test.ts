import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { canFill, createCache, fromIoredis, lastCommitLsn } from '../../src/client/client.ts';
import { parseLsn } from '../../src/domain/lsn.ts';
import { LocalPostgres } from '../support/postgres/local-postgres.ts';
import { createStandby } from '../support/postgres/standby.ts';
import { TestContext } from '../support/test-context.ts';
import { waitFor } from '../support/wait-for.ts';
import { heldLoad } from './client-caches.ts';

async function unexpected(): Promise<never> {
  throw new Error('nothing was to be loaded');
}

async function openItems() {
  const context = await TestContext.open();
  await context.sql.rows('CREATE TABLE items (id int PRIMARY KEY, n int); INSERT INTO items VALUES (1, 1)');
  return context;
}

/** The daemon's, written by hand. */
async function beat(context: TestContext, position: string, lagMs = 0, atMs = Date.now()): Promise<void> {
  await context.redis.hset(`freshet:{${context.slot}}:heartbeat`, { position, lagMs, atMs });
}

function cacheOf(
  { redis, keyPrefix, slot }: TestContext,
  options: Partial<Parameters<typeof createCache>[0]> = {},
) {
  return createCache({
    redis: fromIoredis(redis),
    prefix: keyPrefix,
    slot,
    redisTimeout: '5s',
    defaults: { ttl: '1h' },
    ...options,
  });
}

/** On the one connection of an open transaction. */
async function openTransaction(context: TestContext) {
  const connection = await context.sql.driver();
  await connection.query('BEGIN');
  const run = async (sql: string): Promise<number> => {
    const { rows } = await connection.query<{ n: number }>(sql);
    return rows[0]?.n ?? 0;
  };
  return { connection, run, read: () => run('SELECT n FROM items WHERE id = 1') };
}

describe('canFill', () => {
  test('outside a transaction, without asking', async () => {
    await using context = await openItems();
    const client = await context.sql.driver();
    let queries = 0;
    const counted = {
      query: async (sql: string) => {
        queries++;
        return client.query(sql);
      },
      getTransactionStatus: () => client.getTransactionStatus(),
    };
    expect(await canFill(counted)).toBe(true);
    expect(queries).toBe(0);
    // A driver that does not tell is asked.
    expect(await canFill({ query: counted.query })).toBe(true);
    expect(queries).toBe(1);
  });

  test.each([
    ['BEGIN', true],
    ['BEGIN; SELECT n FROM items', true],
    ['BEGIN ISOLATION LEVEL READ UNCOMMITTED', true],
    ['BEGIN; UPDATE items SET n = 2', false],
    ['BEGIN; SAVEPOINT a; UPDATE items SET n = 2; ROLLBACK TO a', false],
    ['BEGIN; SELECT n FROM items FOR UPDATE', false],
    ['BEGIN ISOLATION LEVEL REPEATABLE READ', false],
    ['BEGIN ISOLATION LEVEL SERIALIZABLE', false],
  ])('after %s: %s', async (sql, expected) => {
    await using context = await openItems();
    const client = await context.sql.driver();
    await client.query(sql);
    expect(await canFill(client)).toBe(expected);
    await client.query('ROLLBACK');
    expect(await canFill(client)).toBe(true);
  });

  test('not inside a transaction that has failed', async () => {
    await using context = await openItems();
    const client = await context.sql.driver();
    await client.query('BEGIN');
    await expect(client.query('SELECT 1 / 0')).rejects.toThrow('division by zero');
    expect(await canFill(client)).toBe(false);
    // As long as its driver has not heard of the end of the statement, or never tells.
    const query = async (sql: string) => client.query(sql);
    expect(await canFill({ query, getTransactionStatus: () => 'T' })).toBe(false);
    expect(await canFill({ query })).toBe(false);
    await client.query('ROLLBACK');
  });
});

describe('a read with the connection of a transaction', () => {
  test('that has written sees its own rows, and leaves none of them behind', async () => {
    await using context = await openItems();
    const connection = await context.sql.driver();
    await using cache = cacheOf(context);
    const load = async (): Promise<number> => {
      const { rows } = await connection.query<{ n: number }>('SELECT n FROM items WHERE id = 1');
      return rows[0]?.n ?? 0;
    };
    expect(await cache.get('item:1', load, { connection })).toBe(1);
    await connection.query('BEGIN');
    expect(await cache.get('item:1', unexpected, { connection })).toBe(1);
    await connection.query('UPDATE items SET n = 2');
    expect(await cache.get('item:1', load, { connection })).toBe(2);
    expect(
      await cache.getMany(['item:1'], async () => new Map([['item:1', await load()]]), { connection }),
    ).toEqual(new Map([['item:1', 2]]));
    await connection.query('ROLLBACK');
    expect(await cache.get('item:1', unexpected, { connection })).toBe(1);
    expect(cache.stats()).toMatchObject({ bypassed: 2, filled: 1, hit: 2 });
  });

  test('that writes while it loads leaves nothing behind, and gives the lease back', async () => {
    await using context = await openItems();
    await using cache = cacheOf(context);
    const { connection, run, read } = await openTransaction(context);
    const [value] = await Promise.all([
      cache.get('item:1', read, { connection }),
      run('UPDATE items SET n = 2'),
    ]);
    await connection.query('ROLLBACK');
    expect(value).toBe(2);
    expect(await context.keys()).toEqual([]);
    expect(cache.stats()).toMatchObject({ filled: 0, bypassed: 1 });
  });

  test('that the loader itself writes in leaves nothing behind, of one key and of many', async () => {
    await using context = await openItems();
    await using cache = cacheOf(context, { defaults: { ttl: '1h', negativeTtl: '1h' } });
    const { connection, run } = await openTransaction(context);
    const write = async (): Promise<number> => run('UPDATE items SET n = n + 1 RETURNING n');
    expect(await cache.get('item:1', write, { connection })).toBe(2);
    await connection.query('ROLLBACK; BEGIN');
    const load = async () => new Map([['item:1', await write()]]);
    expect((await cache.getMany(['item:1', 'item:2'], load, { connection })).get('item:1')).toBe(2);
    await connection.query('ROLLBACK');
    expect(await context.keys()).toEqual([]);
  });

  test('that another one follows before the end of the load leaves nothing behind', async () => {
    await using context = await openItems();
    await using cache = cacheOf(context);
    const { connection, run, read } = await openTransaction(context);
    const load = async (): Promise<number> => {
      await run('UPDATE items SET n = 2');
      const value = await read();
      await connection.query('ROLLBACK; BEGIN');
      return value;
    };
    expect(await cache.get('item:1', load, { connection })).toBe(2);
    await connection.query('ROLLBACK');
    expect(await context.keys()).toEqual([]);
  });

  test('whose connection is lost at the end of the load is answered, and not stored', async () => {
    await using context = await openItems();
    await using cache = cacheOf(context);
    const { connection, read } = await openTransaction(context);
    let isLost = false;
    const losing = {
      query: async (sql: string) => {
        if (isLost) throw new Error('Connection terminated unexpectedly');
        return connection.query(sql);
      },
      getTransactionStatus: () => connection.getTransactionStatus(),
    };
    const load = async (): Promise<number> => {
      const value = await read();
      isLost = true;
      return value;
    };
    expect(await cache.get('item:1', load, { connection: losing })).toBe(1);
    await connection.query('ROLLBACK');
    expect(await context.keys()).toEqual([]);
  });

  test("is nobody else's while it loads: it may write yet", async () => {
    await using context = await openItems();
    await using cache = cacheOf(context);
    const { connection, run } = await openTransaction(context);
    const held = heldLoad(0);
    const own = cache.get(
      'item:1',
      async () => {
        await held.load();
        return run('UPDATE items SET n = 2 RETURNING n');
      },
      { connection },
    );
    await held.started;
    expect(await cache.get('item:1', async () => 1, { waitFor: 0 })).toBe(1);
    held.end();
    expect(await own).toBe(2);
    await connection.query('ROLLBACK');
    expect(cache.stats()).toMatchObject({ joined: 0, filled: 0 });
  });

  test('that only reads is stored', async () => {
    await using context = await openItems();
    await using cache = cacheOf(context);
    const { connection, read } = await openTransaction(context);
    expect(await cache.get('item:1', read, { connection })).toBe(1);
    await connection.query('COMMIT');
    expect(await cache.get('item:1', unexpected)).toBe(1);
  });

  test("refreshes a stale value before it answers: afterwards the connection is another one's", async () => {
    await using context = await openItems();
    const connection = await context.sql.driver();
    await using cache = cacheOf(context, { defaults: { ttl: '1h', staleFor: '1h' } });
    await cache.get('item:1', async () => 'old');
    await context.redis.hset(context.key('item:1'), 'f', '0');
    expect(await cache.get('item:1', async () => 'new', { connection })).toBe('new');
    expect(await cache.get('item:1', unexpected)).toBe('new');
  });
});

describe('lastCommitLsn', () => {
  let server: LocalPostgres;

  beforeAll(async () => {
    // An idle server of its own: what is inserted but not flushed stays so for a while.
    server = await LocalPostgres.create({
      settings: { wal_writer_delay: '1s', autovacuum: false, bgwriter_delay: '10s' },
    });
  });

  afterAll(() => server[Symbol.asyncDispose]());

  test.each(['on', 'off'])('is the end of the commit at least, synchronous_commit %s', async (setting) => {
    await using sql = await server.connect();
    await sql.rows(`CREATE TABLE items_${setting} (n int)`);
    await sql.rows(`SELECT pg_create_logical_replication_slot('slot_${setting}', 'test_decoding')`);
    await sql.rows(
      `BEGIN; SET LOCAL synchronous_commit = ${setting}; INSERT INTO items_${setting} VALUES (1); COMMIT`,
    );
    const lsn = await lastCommitLsn(await sql.driver());
    const end = await waitFor(
      async () => {
        const [row] = await sql.rows<{ lsn: string }>(
          `SELECT lsn::text FROM pg_logical_slot_peek_changes('slot_${setting}', NULL, NULL) WHERE data ~ '^COMMIT'`,
        );
        return row?.lsn;
      },
      { what: 'the commit to be decoded' },
    );
    // Nobody else writes: it is the very end.
    expect(lsn).toBe(end);
  });

  test('at the end of a page is before the header of the next one, where an idle server never comes', async () => {
    await using sql = await server.connect();
    const place = async (): Promise<number> =>
      Number(await sql.value(`SELECT (pg_current_wal_insert_lsn() - '0/0') % 8192`));
    const write = async (bytes: number): Promise<void> => {
      await sql.rows(`SELECT pg_logical_emit_message(false, '', repeat('x', $1))`, [bytes]);
    };
    await waitFor(
      async () => {
        // A record and what it takes, then one that takes exactly what is left of the page.
        const before = await place();
        await write(1_000);
        const after = await place();
        const left = 8_192 - after;
        if (after < before || left < 1_100) return false;
        await write(1_000 + left - (after - before));
        return (await place()) === 24;
      },
      { what: 'a page that ends with a record' },
    );
    const [row] = await sql.rows<{ insert: string }>('SELECT pg_current_wal_insert_lsn()::text AS insert');
    const lsn = await lastCommitLsn(await sql.driver());
    const flushed = await waitFor(
      async () => {
        const position = await sql.value<string>('SELECT pg_current_wal_flush_lsn()::text');
        return parseLsn(position) >= parseLsn(lsn) && position;
      },
      { what: 'the page to be flushed' },
    );
    expect(parseLsn(lsn)).toBe(parseLsn(row?.insert ?? '') - 24n);
    expect(flushed).toBe(lsn);
  });

  test('is refused inside a transaction that has written', async () => {
    await using sql = await server.connect();
    const client = await sql.driver();
    await client.query('BEGIN; CREATE TABLE unfinished (n int)');
    await expect(lastCommitLsn(client)).rejects.toThrow('call it after COMMIT');
    await client.query('ROLLBACK');
  });

  test('is refused on a standby, where nothing is committed; values may be filled there', async () => {
    await using standby = await createStandby(server, { name: 'reader' });
    await using sql = await standby.connect();
    const client = await sql.driver();
    await expect(lastCommitLsn(client)).rejects.toThrow('call it on the connection that has committed');
    await client.query('BEGIN');
    expect(await canFill(client)).toBe(true);
    await client.query('ROLLBACK');
  });
});

describe('waitFor', () => {
  test('is applied as soon as the heartbeat has the position', async () => {
    await using context = await openItems();
    await using cache = cacheOf(context);
    await beat(context, '0/10');
    expect(await cache.waitFor('0/10')).toBe('applied');
    const waiting = cache.waitFor('1/0', { timeout: '20s' });
    await beat(context, '0/FFFFFFFF');
    expect(await cache.waitFor('1/0', { timeout: 20 })).toBe('bypass');
    await beat(context, '1/0');
    expect(await waiting).toBe('applied');
    await expect(cache.waitFor('yesterday')).rejects.toThrow('not an LSN');
  });

  test('bypasses at once where there is no heartbeat', async () => {
    await using context = await openItems();
    await using cache = cacheOf(context);
    expect(await cache.waitFor('0/10', { timeout: '1h' })).toBe('bypass');
  });

  test('bypasses at once where the heartbeat is one of a daemon that stands still', async () => {
    await using context = await openItems();
    await using cache = cacheOf(context);
    await beat(context, '0/10', 0, Date.now() - 61_000);
    expect(await cache.waitFor('1/0', { timeout: '1h' })).toBe('bypass');
    expect(await cache.waitFor('0/10', { timeout: '1h' })).toBe('bypass');
  });

  test('looks once where it may take no time', async () => {
    await using context = await openItems();
    await using cache = cacheOf(context);
    await beat(context, '0/10');
    expect(await cache.waitFor('0/10', { timeout: 0 })).toBe('applied');
    expect(await cache.waitFor('0/11', { timeout: 0 })).toBe('bypass');
  });

  test('a read after it joins none that began before it', async () => {
    await using context = await openItems();
    await using cache = cacheOf(context);
    const held = heldLoad('old');
    const before = cache.get('item:1', held.load);
    await held.started;
    // What the daemon does for the change: it removes the key, then says how far it is.
    await context.redis.unlink(context.key('item:1'));
    await beat(context, '0/10');
    expect(await cache.waitFor('0/10')).toBe('applied');
    expect(await cache.get('item:1', async () => 'new')).toBe('new');
    held.end();
    expect(await before).toBe('old');
    expect(await cache.get('item:1', unexpected)).toBe('new');
  });
});

describe('bounded staleness', () => {
  test('bypass: past the bound, or where nobody knows, reads go around the cache', async () => {
    await using context = await openItems();
    let nowMs = 0;
    const time = { now: () => nowMs, random: Math.random, sleep: async () => {} };
    await using cache = cacheOf(context, { time, freshness: { maxLag: '1m', policy: 'bypass' } });
    expect(await cache.get('item:1', async () => 'no heartbeat')).toBe('no heartbeat');
    await beat(context, '0/10');
    nowMs += 1_000;
    expect(await cache.get('item:1', async () => 'cached')).toBe('cached');
    expect(await cache.get('item:1', unexpected)).toBe('cached');
    await beat(context, '0/10', 120_000);
    nowMs += 1_000;
    await cache.get('item:1', unexpected);
    await cache.drain();
    expect(await cache.get('item:1', async () => 'around')).toBe('around');
    expect(await cache.getMany(['item:1'], async () => new Map([['item:1', 'around']]))).toEqual(
      new Map([['item:1', 'around']]),
    );
    await beat(context, '0/20');
    nowMs += 1_000;
    expect(await cache.get('item:1', unexpected)).toBe('cached');
    expect(cache.stats()).toMatchObject({ bypassed: 3, filled: 1 });
  });

  test('a heartbeat that has stopped is one of a daemon that is behind', async () => {
    await using context = await openItems();
    await using cache = cacheOf(context, { freshness: { maxLag: '1m', policy: 'bypass' } });
    await beat(context, '0/10', 0, Date.now() - 61_000);
    expect(await cache.get('item:1', async () => 'around')).toBe('around');
    expect(cache.stats()).toMatchObject({ bypassed: 1, filled: 0 });
  });

  test('shorten: what is stored meanwhile lives no longer than the bound', async () => {
    await using context = await openItems();
    await using cache = cacheOf(context, {
      defaults: { ttl: '1h', staleFor: '1h' },
      freshness: { maxLag: '1m', policy: 'shorten' },
    });
    await cache.get('item:1', async () => 'row');
    const ms = await context.redis.pttl(context.key('item:1'));
    expect(ms).toBeGreaterThan(0);
    expect(ms).toBeLessThanOrEqual(60_000);
    expect(await cache.get('item:1', unexpected)).toBe('row');
  });
});
