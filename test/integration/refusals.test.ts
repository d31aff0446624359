import { describe, expect, inject, test } from 'vitest';
import { DaemonProcess } from '../support/daemon-process.ts';
import { LocalPostgres } from '../support/postgres/local-postgres.ts';
import { SqlClient } from '../support/sql-client.ts';
import { TestContext } from '../support/test-context.ts';
import { waitFor } from '../support/wait-for.ts';
import { ruleText } from './rule-text.ts';
import { waitUntilSettled } from './settled.ts';

/** Everything is there already: what is missing in a test is missing because of it. */
const NOTHING_IS_CREATED = { settings: { 'postgres.createMissing': false } } as const;

function rulesOf({ keyPrefix }: TestContext): string {
  return ruleText(keyPrefix, [{ name: 'item', table: 'public.items', keys: ['item:${id}'] }]);
}

async function createTable({ sql }: TestContext): Promise<void> {
  await sql.rows('CREATE TABLE items (id int PRIMARY KEY)');
}

async function createPublication({ sql, publication }: TestContext): Promise<void> {
  await sql.rows(`CREATE PUBLICATION ${publication} FOR TABLE items`);
}

async function createSlot({ sql, slot }: TestContext): Promise<void> {
  await sql.rows(`SELECT pg_create_logical_replication_slot($1, 'pgoutput')`, [slot]);
}

interface Refusal {
  readonly exitCode: number;
  /** In the order in which they appear in what the process says. */
  readonly says: readonly string[];
}

async function expectRefusal(daemon: DaemonProcess, { exitCode, says }: Refusal): Promise<void> {
  expect(await daemon.exited).toEqual({ code: exitCode, signal: null });
  const words = daemon.log.join('\n');
  for (const text of says) expect(words).toContain(text);
  expect(words, 'no stack trace').not.toMatch(/^ {4}at /m);
}

async function launch(context: TestContext): Promise<DaemonProcess> {
  const options = context.daemonOptions({ rules: rulesOf(context), ...NOTHING_IS_CREATED });
  return context.use(await DaemonProcess.launch(options));
}

describe('at its start', () => {
  test('a missing slot', async () => {
    await using context = await TestContext.open();
    await createTable(context);
    await createPublication(context);
    await expectRefusal(await launch(context), {
      exitCode: 4,
      says: ['SLOT_MISSING', `slot ${context.slot} does not exist`, 'pg_create_logical_replication_slot'],
    });
  });

  test('a missing publication', async () => {
    await using context = await TestContext.open();
    await createTable(context);
    await expectRefusal(await launch(context), {
      exitCode: 6,
      says: ['PUBLICATION_MISSING', 'does not exist', `CREATE PUBLICATION ${context.publication}`],
    });
  });

  test('a wrong password', async () => {
    await using context = await TestContext.open();
    await using postgres = await LocalPostgres.create({ auth: 'scram-sha-256' });
    const url = new URL(postgres.url);
    url.password = 'not-the-secret';
    const options = context.daemonOptions({ rules: rulesOf(context), postgresUrl: url.href });
    const daemon = context.use(await DaemonProcess.launch(options));
    await expectRefusal(daemon, { exitCode: 8, says: ['DENIED', '28P01', 'check user, password'] });
    expect(daemon.log.join('\n')).not.toContain('not-the-secret');
  });

  test('a slot that lost its WAL while the daemon was away', async () => {
    await using postgres = await LocalPostgres.create({ settings: { max_slot_wal_keep_size: '1MB' } });
    await using context = await TestContext.open({
      postgresUrl: postgres.url,
      redisUrl: inject('redisUrl'),
    });
    await createTable(context);
    await createPublication(context);
    await createSlot(context);
    const daemon = await context.startDaemon({ rules: rulesOf(context) });
    expect(await daemon.stop()).toEqual({ code: 0, signal: null });
    await waitFor(
      async () => {
        await context.sql.rows(`SELECT pg_switch_wal(), pg_logical_emit_message(true, 'filler', 'x')`);
        await context.sql.rows('CHECKPOINT');
        return 'lost' === (await context.sql.value('SELECT wal_status FROM pg_replication_slots'));
      },
      { what: 'the slot to be lost', deadlineMs: 30_000 },
    );
    await expectRefusal(await launch(context), {
      exitCode: 5,
      says: ['SLOT_LOST', 'clear the cached keys', `pg_drop_replication_slot('${context.slot}')`],
    });
  });

  test('another server under the same names', async () => {
    await using old = await TestContext.open();
    await createTable(old);
    const daemon = await old.startDaemon({ rules: rulesOf(old) });
    await daemon.stop();

    await using postgres = await LocalPostgres.create();
    await using context = await TestContext.open(
      { postgresUrl: postgres.url, redisUrl: inject('redisUrl') },
      old.database,
    );
    await createTable(context);
    await createPublication(context);
    await createSlot(context);
    await context.fill('item:1');
    await expectRefusal(await launch(context), {
      exitCode: 7,
      says: ['SOURCE_CHANGED', 'the keys in Redis reflect Postgres', `DEL freshet:{${context.slot}}:source`],
    });
    // The remedy that it printed works.
    await context.redis.del(`freshet:{${context.slot}}:source`);
    await context.startDaemon({ rules: rulesOf(context), ...NOTHING_IS_CREATED });
    await context.sql.rows('INSERT INTO items VALUES (1)');
    await context.waitUntilGone('item:1');
  });
});

describe('while it streams', () => {
  test('a slot that is dropped', async () => {
    await using context = await TestContext.open();
    await createTable(context);
    const daemon = await context.startDaemon({ rules: rulesOf(context) });
    await waitFor(
      async () => {
        await context.admin.rows(
          'SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = $1 AND active',
          [context.slot],
        );
        await context.sql.rows('SELECT pg_drop_replication_slot($1)', [context.slot]);
        return true;
      },
      { what: 'the slot to be dropped', intervalMs: 1 },
    );
    await expectRefusal(daemon, {
      exitCode: 4,
      says: ['SLOT_MISSING', 'does not exist', 'freshet setup'],
    });
  });

  test('a publication that is dropped', async () => {
    await using context = await TestContext.open();
    await createTable(context);
    const daemon = await context.startDaemon({ rules: rulesOf(context) });
    await context.sql.rows(`DROP PUBLICATION ${context.publication}`);
    await context.sql.rows('INSERT INTO items VALUES (1)');
    await expectRefusal(daemon, {
      exitCode: 6,
      says: ['PUBLICATION_MISSING', 'drop the slot', 'freshet setup', 'clear the keys'],
    });
  });
});

async function wrongOrder(context: TestContext): Promise<void> {
  await createTable(context);
  await createSlot(context);
  await context.sql.rows('INSERT INTO items VALUES (1)');
  await createPublication(context);
  await context.sql.rows('INSERT INTO items VALUES (2)');
  await context.fill('item:1', 'item:2');
}

describe('the slot was made before the publication, with rows in between', () => {
  test('up to Postgres 17: refused, for the stream cannot be read', async () => {
    await using postgres = await LocalPostgres.create({ major: 17 });
    await using context = await TestContext.open({ postgresUrl: postgres.url, redisUrl: inject('redisUrl') });
    await wrongOrder(context);
    await expectRefusal(await launch(context), {
      exitCode: 6,
      says: [
        'PUBLICATION_MISSING',
        'at the position where the slot stands',
        'drop the slot',
        'freshet setup',
      ],
    });
    expect(await context.keys()).toEqual(['item:1', 'item:2']);
  });

  test('from Postgres 18 on: it streams; what was written in between is skipped by Postgres, and goes with what is cached at the first start', async () => {
    await using postgres = await LocalPostgres.create({ major: 18 });
    await using context = await TestContext.open({ postgresUrl: postgres.url, redisUrl: inject('redisUrl') });
    await wrongOrder(context);
    const daemon = await context.startDaemon({ rules: rulesOf(context), ...NOTHING_IS_CREATED });
    await waitUntilSettled(context);
    expect(await context.keys()).toEqual([]);
    expect(daemon.exit).toBeUndefined();
  });
});

test('a server that is away at the start is waited for', async () => {
  await using postgres = await LocalPostgres.create();
  await using context = await TestContext.open({ postgresUrl: postgres.url, redisUrl: inject('redisUrl') });
  await createTable(context);
  await postgres.stop();
  const daemon = context.use(await DaemonProcess.launch(context.daemonOptions({ rules: rulesOf(context) })));
  await waitFor(() => daemon.log.some((line) => line.includes('starting another one')), {
    what: 'the daemon to try again',
  });
  await postgres.start();
  await daemon.waitUntilReady();
  await using sql = await SqlClient.open(context.databaseUrl);
  await context.fill('item:1');
  await sql.rows('INSERT INTO items VALUES (1)');
  await context.waitUntilGone('item:1');
});
