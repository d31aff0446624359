import { afterAll, beforeAll, expect, test } from 'vitest';
import { LocalPostgres } from '../support/postgres/local-postgres.ts';
import { LocalRedis } from '../support/redis/local-redis.ts';
import type { SqlClient } from '../support/sql-client.ts';
import { TestContext } from '../support/test-context.ts';
import { waitFor } from '../support/wait-for.ts';
import { ruleText } from './rule-text.ts';
import { confirmedLsn, waitUntilConfirmed, waitUntilSettled } from './settled.ts';

const servers = new AsyncDisposableStack();
let postgres: LocalPostgres;
let redis: LocalRedis;

beforeAll(async () => {
  postgres = servers.use(
    await LocalPostgres.create({
      // Nobody else writes into the WAL of this server: records of two commits lie side by side.
      settings: {
        autovacuum: false,
        checkpoint_timeout: '1h',
        bgwriter_delay: '10s',
        max_prepared_transactions: 10,
      },
    }),
  );
  redis = servers.use(await LocalRedis.create());
});

afterAll(() => servers.disposeAsync());

async function openContext(): Promise<TestContext> {
  const context = await TestContext.open({ postgresUrl: postgres.url, redisUrl: redis.url });
  await context.sql.rows('CREATE TABLE items (id int PRIMARY KEY)');
  return context;
}

function rulesOf({ keyPrefix }: TestContext): string {
  return ruleText(keyPrefix, [{ name: 'item', table: 'public.items', keys: ['item:${id}'] }]);
}

/** @returns where the WAL ends now, in bytes since its beginning */
async function walEnd(sql: SqlClient): Promise<bigint> {
  return BigInt(await sql.value<string>(`SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn`));
}

async function confirmedBytes(context: TestContext): Promise<bigint> {
  const lsn = await confirmedLsn(context);
  return BigInt(await context.sql.value<string>(`SELECT $1::pg_lsn - '0/0'::pg_lsn`, [lsn]));
}

test('of two commits side by side the second is delivered after the first was confirmed', async () => {
  await using context = await openContext();
  const first = await context.startDaemon({ rules: rulesOf(context) });
  const [a, b] = [await context.connect(), await context.connect()];
  await a.rows('BEGIN; INSERT INTO items VALUES (1)');
  await b.rows('BEGIN; INSERT INTO items VALUES (2)');
  await context.fill('item:1', 'item:2');

  const beforeA = await walEnd(context.sql);
  await a.rows('COMMIT');
  const afterA = await walEnd(context.sql);
  await context.waitUntilGone('item:1');
  await waitFor(async () => (await confirmedBytes(context)) >= afterA, { what: 'the first to be confirmed' });
  expect(await confirmedBytes(context)).toBe(afterA);

  await redis.stop();
  await b.rows('COMMIT');
  const afterB = await walEnd(context.sql);
  expect(afterB - afterA, 'no other record lies between the two').toBe(afterA - beforeA);
  await waitFor(async () => (await first.metric('freshet_changes_total')) === 2, {
    what: 'the second change to be read',
  });
  expect(await confirmedBytes(context)).toBe(afterA);
  await first.stop('SIGKILL');

  await redis.start();
  const second = await context.startDaemon({ rules: rulesOf(context) });
  await waitFor(async () => (await confirmedBytes(context)) >= afterB, {
    what: 'the second to be confirmed',
  });
  expect(await confirmedBytes(context)).toBe(afterB);
  expect(await second.metric('freshet_changes_total'), 'what was confirmed is not delivered again').toBe(1);
});

test('a prepared transaction counts when it is committed, and never when it is rolled back', async () => {
  await using context = await openContext();
  await context.startDaemon({ rules: rulesOf(context) });
  const [kept, dropped] = [`${context.database}_kept`, `${context.database}_dropped`];
  await context.fill('item:1', 'item:2', 'item:3');
  await context.sql.rows(`BEGIN; INSERT INTO items VALUES (1); PREPARE TRANSACTION '${kept}'`);
  await context.sql.rows(`BEGIN; INSERT INTO items VALUES (2); PREPARE TRANSACTION '${dropped}'`);
  await context.sql.rows('INSERT INTO items VALUES (3)');
  await waitUntilSettled(context);
  expect(await context.keys()).toEqual(['item:1', 'item:2']);

  await context.sql.rows(`ROLLBACK PREPARED '${dropped}'`);
  await context.sql.rows(`COMMIT PREPARED '${kept}'`);
  await waitUntilSettled(context);
  expect(await context.keys()).toEqual(['item:2']);
});

test('a prepared transaction survives a kill of the daemon between PREPARE and COMMIT', async () => {
  await using context = await openContext();
  const first = await context.startDaemon({ rules: rulesOf(context) });
  const name = `${context.database}_survivor`;
  await context.fill('item:1');
  await context.sql.rows(`BEGIN; INSERT INTO items VALUES (1); PREPARE TRANSACTION '${name}'`);
  await waitUntilSettled(context);
  await first.stop('SIGKILL');
  await context.sql.rows(`COMMIT PREPARED '${name}'`);
  expect(await context.keys()).toEqual(['item:1']);
  await context.startDaemon({ rules: rulesOf(context) });
  await context.waitUntilGone('item:1');
});

test('nothing is confirmed while Redis is away, and everything is done when it is back', async () => {
  await using context = await openContext();
  const daemon = await context.startDaemon({ rules: rulesOf(context) });
  await waitUntilSettled(context);
  await redis.stop();
  const before = await walEnd(context.sql);
  await context.sql.rows('INSERT INTO items VALUES (1)');
  await context.sql.rows('INSERT INTO items VALUES (2)');
  const after = await walEnd(context.sql);
  await waitFor(async () => (await daemon.metric('freshet_redis_errors_total')) > 0, {
    what: 'the daemon to notice that Redis is away',
  });
  expect(await confirmedBytes(context)).toBeLessThanOrEqual(before);
  await redis.start();
  await context.fill('item:1', 'item:2');
  await context.waitUntilGone('item:1');
  await context.waitUntilGone('item:2');
  const position = await context.sql.value<string>(`SELECT '0/0'::pg_lsn + $1::numeric`, [String(after)]);
  await waitUntilConfirmed(context, position);
});
