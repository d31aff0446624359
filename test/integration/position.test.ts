import { expect, inject, test } from 'vitest';
import { LocalPostgres } from '../support/postgres/local-postgres.ts';
import { TestContext } from '../support/test-context.ts';
import { waitFor } from '../support/wait-for.ts';
import { ruleText } from './rule-text.ts';
import { confirmedLsn, waitUntilSettled } from './settled.ts';

const SEGMENT_BYTES = 16 * 1024 * 1024;

/** Nobody but the test makes Postgres write down which transactions run. */
const QUIET = { autovacuum: false, bgwriter_delay: '10s' };

async function openContext(postgres: LocalPostgres): Promise<TestContext> {
  const context = await TestContext.open({ postgresUrl: postgres.url, redisUrl: inject('redisUrl') });
  await context.sql.rows(`
    CREATE TABLE items (id int PRIMARY KEY);
    CREATE UNLOGGED TABLE scratch (id int, filler text)`);
  return context;
}

function rulesOf({ keyPrefix }: TestContext): string {
  return ruleText(keyPrefix, [{ name: 'item', table: 'public.items', keys: ['item:${id}'] }]);
}

test('WAL that concerns no rule is released, whoever writes it', async () => {
  await using postgres = await LocalPostgres.create();
  await using context = await openContext(postgres);
  const daemon = await context.startDaemon({ rules: rulesOf(context) });
  const before = await context.sql.value<string>('SELECT pg_current_wal_lsn()::text');

  await context.admin.rows(`
    CREATE TABLE elsewhere AS SELECT g AS id, repeat('x', 500) AS filler FROM generate_series(1, 80000) g`);
  await context.sql.rows(`INSERT INTO scratch SELECT g, repeat('x', 500) FROM generate_series(1, 1000) g`);
  const written = await context.sql.value<string>('SELECT pg_current_wal_lsn() - $1::pg_lsn', [before]);
  expect(Number(written)).toBeGreaterThan(2 * SEGMENT_BYTES);

  await waitFor(
    async () => {
      // A checkpoint writes down which transactions run; only from such a record can a slot go on.
      await context.admin.rows('CHECKPOINT');
      const retained = await context.sql.value<string>(
        `SELECT pg_current_wal_lsn() - restart_lsn FROM pg_replication_slots WHERE slot_name = $1`,
        [context.slot],
      );
      return Number(retained) < 1024 * 1024;
    },
    { what: 'the slot to release the WAL', deadlineMs: 30_000 },
  );
  const advanced = await context.sql.value('SELECT $1::pg_lsn > $2::pg_lsn', [
    await confirmedLsn(context),
    before,
  ]);
  expect(advanced).toBe(true);
  expect(await daemon.metric('freshet_changes_total')).toBe(0);
});

test('a fast shutdown of Postgres does not wait for the daemon, which goes on after the start', async () => {
  await using postgres = await LocalPostgres.create();
  await using context = await openContext(postgres);
  const daemon = await context.startDaemon({ rules: rulesOf(context) });
  await context.fill('item:1', 'item:2');
  await context.sql.rows('INSERT INTO items SELECT generate_series(1000, 3000)');
  await context.sql.rows('INSERT INTO items VALUES (1)');
  expect(await postgres.stop('fast')).toBeLessThan(5_000);

  await postgres.start();
  await context.waitUntilGone('item:1', 30_000);
  await context.sql.rows('INSERT INTO items VALUES (2)');
  await context.waitUntilGone('item:2', 20_000);
  expect(daemon.exit).toBeUndefined();
  expect(await daemon.metric('freshet_sessions_total')).toBeGreaterThan(0);
  await daemon.waitUntilReady();
});

test('a clean restart of Postgres 14 takes the confirmed position back: delivered again, nothing lost', async () => {
  await using postgres = await LocalPostgres.create({ major: 14, settings: QUIET });
  await using context = await openContext(postgres);
  const first = await context.startDaemon({ rules: rulesOf(context) });
  await context.sql.rows('CHECKPOINT');
  // A position beyond its list of running transactions is written down when it is confirmed, later ones are not.
  await waitUntilSettled(context);
  await context.sql.rows('INSERT INTO items VALUES (1)');
  await context.sql.rows('INSERT INTO items VALUES (2)');
  await waitUntilSettled(context);
  const confirmed = await confirmedLsn(context);
  await first.stop('SIGKILL');
  await postgres.restart('fast');
  const isBack = await context.sql.value('SELECT $1::pg_lsn < $2::pg_lsn', [
    await confirmedLsn(context),
    confirmed,
  ]);
  expect(isBack, 'Postgres has forgotten what was confirmed').toBe(true);

  await context.sql.rows('INSERT INTO items VALUES (3)');
  await context.fill('item:1', 'item:2', 'item:3', 'item:4');
  const second = await context.startDaemon({ rules: rulesOf(context) });
  await waitUntilSettled(context);
  expect(await context.keys()).toEqual(['item:4']);
  expect(await second.metric('freshet_changes_total')).toBe(3);
});
