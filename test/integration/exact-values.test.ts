import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { DaemonProcess } from '../support/daemon-process.ts';
import { LocalPostgres } from '../support/postgres/local-postgres.ts';
import { SynchronousServers } from '../support/synchronous-servers.ts';
import { TestContext } from '../support/test-context.ts';
import { waitFor } from '../support/wait-for.ts';
import { ruleText } from './rule-text.ts';
import { confirmedLsn, waitUntilSettled } from './settled.ts';

/** Values in Redis are those of the table: after crashes, with changes delivered again, and while commits wait. */
const SCHEMA = `
  CREATE TABLE items (id int PRIMARY KEY, n int, note text);
  CREATE TABLE lists (id int PRIMARY KEY)`;

function rulesOf({ keyPrefix }: TestContext): string {
  const table = 'public.items';
  return ruleText(keyPrefix, [
    { name: 'item', table, keys: ['item:${id}'], set: { ttl: '1h' } },
    { name: 'item-hash', table, keys: ['fields:${id}'], hash: { ttl: '1h' } },
    { name: 'list', table: 'public.lists', keys: ['list:${id}'] },
  ]);
}

/** What the keys must hold, by name, told by Postgres itself. */
async function expected({ sql }: TestContext): Promise<Readonly<Record<string, unknown>>> {
  const rows = await sql.rows<{ id: number; n: number | null; note: string | null }>('SELECT * FROM items');
  const entries = rows.flatMap(({ id, n, note }): readonly [string, unknown][] => {
    const fields = Object.entries({ id, n, note }).filter(([, value]) => value !== null);
    return [
      [`item:${id}`, JSON.stringify({ id, n, note })],
      [`fields:${id}`, Object.fromEntries(fields.map(([name, value]) => [name, String(value)]))],
    ];
  });
  return Object.fromEntries(entries);
}

async function actual(context: TestContext): Promise<Readonly<Record<string, unknown>>> {
  const names = await context.keys();
  const values = names.map((name) =>
    name.startsWith('fields')
      ? context.redis.hgetall(context.key(name))
      : context.redis.get(context.key(name)),
  );
  const found = await Promise.all(values);
  return Object.fromEntries(names.map((name, index) => [name, found[index]]));
}

test('changes that are delivered again change nothing, not even for a moment', async () => {
  // 14 forgets with a clean restart what was confirmed since the last checkpoint.
  await using postgres = await LocalPostgres.create({
    major: 14,
    settings: { autovacuum: false, bgwriter_delay: '10s' },
  });
  await using context = await TestContext.open({ postgresUrl: postgres.url, redisUrl: inject('redisUrl') });
  const { sql, redis } = context;
  await sql.rows(SCHEMA);
  const first = await context.startDaemon({ rules: rulesOf(context) });
  await sql.rows('CHECKPOINT');
  // A position beyond its list of running transactions is written down when it is confirmed, later ones are not.
  await waitUntilSettled(context);
  for (const statement of [
    `INSERT INTO items SELECT g, 0, 'first' FROM generate_series(1, 50) g`,
    'UPDATE items SET n = 1',
    'TRUNCATE items',
    `INSERT INTO items SELECT g, 2, 'second' FROM generate_series(1, 50) g`,
    'UPDATE items SET id = id + 100 WHERE id <= 10',
    'UPDATE items SET n = 3, note = NULL',
    'DELETE FROM items WHERE id % 7 = 0',
  ]) {
    await sql.rows(statement);
  }
  await waitUntilSettled(context);
  const contents = await expected(context);
  expect(await actual(context)).toEqual(contents);
  const confirmed = await confirmedLsn(context);
  await first.stop('SIGKILL');
  await postgres.restart('fast');
  expect(
    await sql.value('SELECT $1::pg_lsn < $2::pg_lsn', [await confirmedLsn(context), confirmed]),
    'Postgres has forgotten what was confirmed',
  ).toBe(true);

  const seen = new Set<string>();
  const watching = new AbortController();
  const watch = async (): Promise<void> => {
    while (!watching.signal.aborted) {
      const [item, note] = await Promise.all([
        redis.get(context.key('item:12')),
        redis.hget(context.key('fields:12'), 'n'),
      ]);
      seen.add(`${item} ${note}`);
    }
  };
  const watched = watch();
  const second = await context.startDaemon({ rules: rulesOf(context) });
  await waitUntilSettled(context);
  watching.abort();
  await watched;
  expect(await actual(context)).toEqual(contents);
  expect([...seen]).toEqual(['{"id":12,"n":3,"note":null} 3']);
  expect(await second.metrics()).toMatch(/^freshet_writes_total\{outcome="refused"\} [1-9]/m);
});

test('a daemon that is killed again and again leaves the values of the table', {
  timeout: 240_000,
}, async () => {
  await using context = await TestContext.open();
  const { sql } = context;
  await sql.rows(SCHEMA);
  await sql.rows(`INSERT INTO items SELECT g, 0, 'row' FROM generate_series(1, 20) g`);
  const settings = { 'limits.batchKeys': 50 };
  let daemon: DaemonProcess = await context.startDaemon({ rules: rulesOf(context), settings });
  await sql.rows('UPDATE items SET n = 1');

  await using writer = await context.connect();
  const writing = new AbortController();
  const write = async (): Promise<void> => {
    for (let round = 0; !writing.signal.aborted; round++) {
      const id = 1 + ((round * 7) % 20);
      await writer.rows(`
        BEGIN;
        UPDATE items SET n = ${round}, note = ${round % 3 === 0 ? 'NULL' : `'round ${round}'`} WHERE id % 5 = ${round % 5};
        DELETE FROM items WHERE id = ${id};
        INSERT INTO items VALUES (${id}, ${round}, 'again');
        COMMIT`);
      if (round % 50 === 49)
        await writer.rows(
          'BEGIN; CREATE TEMP TABLE kept ON COMMIT DROP AS TABLE items; TRUNCATE items; INSERT INTO items TABLE kept; COMMIT',
        );
    }
  };
  const written = write();
  for (let kill = 0; kill < 5; kill++) {
    const before = await daemon.metric('freshet_writes_total');
    await waitFor(async () => (await daemon.metric('freshet_writes_total')) > before + 50 + kill * 37, {
      what: 'the daemon to write values',
      deadlineMs: 30_000,
      intervalMs: 1,
    });
    await daemon.stop('SIGKILL');
    daemon = await context.startDaemon({ rules: rulesOf(context), settings });
  }
  writing.abort();
  await written;
  await waitUntilSettled(context, 60_000);
  expect(await actual(context)).toEqual(await expected(context));
});

describe('while commits wait for a synchronous standby', () => {
  let servers: SynchronousServers;

  beforeAll(async () => {
    servers = await SynchronousServers.create();
  });
  afterAll(() => servers[Symbol.asyncDispose]());

  test('no value is written before others can see it, nor a later one before it; deletes go on', async () => {
    const { primary, redis } = servers;
    await using context = await TestContext.open({ postgresUrl: primary.url, redisUrl: redis.url });
    const { sql } = context;
    await sql.rows(`SET synchronous_commit = local; ${SCHEMA}; INSERT INTO items VALUES (1, 0, 'old')`);
    const daemon = await context.startDaemon({ rules: rulesOf(context) });
    await sql.rows(`UPDATE items SET note = 'cached'`);
    await waitUntilSettled(context);
    await servers.holdCommits();

    const before = await actual(context);
    const held = await servers.commitHeld(
      context,
      `UPDATE items SET n = 1; INSERT INTO items VALUES (2, 1, 'new')`,
    );
    await waitFor(async () => (await daemon.metric('freshet_batches_invisible')) === 1, {
      what: 'the batch to wait for its commit',
    });
    // These commits do not wait, and can be seen at once.
    await context.fill('list:1');
    await sql.rows(`INSERT INTO items VALUES (3, 1, 'later')`);
    await sql.rows('INSERT INTO lists VALUES (1)');
    await context.waitUntilGone('list:1');
    expect(await actual(context)).toEqual(before);
    expect(await sql.value('SELECT count(*)::int FROM items WHERE n = 1')).toBe(1);

    let firstSeen: number | undefined;
    const watch = waitFor(
      async () => {
        if ((await context.redis.exists(context.key('item:2'))) === 0) return false;
        firstSeen ??= await sql.value<number>('SELECT count(*)::int FROM items WHERE id = 2');
        return true;
      },
      { what: 'the value of the commit that waited', intervalMs: 1 },
    );
    await servers.releaseCommits();
    await held.done;
    await watch;
    expect(firstSeen, 'rows that were visible when the key was first there').toBe(1);
    await waitUntilSettled(context);
    expect(await actual(context)).toEqual(await expected(context));
  });
});
