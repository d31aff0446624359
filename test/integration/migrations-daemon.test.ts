import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect } from 'vitest';
import { decodeFingerprint, isSameFingerprint } from '../../src/migrations/encode-fingerprint.ts';
import { readFingerprint } from '../../src/migrations/read-fingerprint.ts';
import type { TestContext } from '../support/test-context.ts';
import { waitFor } from '../support/wait-for.ts';
import { waitUntilSettled } from './settled.ts';
import { withDaemon } from './with-daemon.ts';

const MAIN = join(import.meta.dirname, '../../cmd/main.ts');
/** The catalog is looked at every ten seconds. */
const POLL_DEADLINE_MS = 25_000;

const test = withDaemon({
  schema: `
    CREATE TABLE users (id int PRIMARY KEY, name text, note text);
    CREATE TABLE orders (id int PRIMARY KEY);
    CREATE TABLE imported (id int PRIMARY KEY);
    CREATE MATERIALIZED VIEW totals AS SELECT 1 AS id`,
  rules: [
    { name: 'user', table: 'public.users', keys: ['user:${id}'] },
    { name: 'order', table: 'public.orders', keys: ['order:${id}'] },
    { name: 'total', table: 'public.totals', keys: ['total:${id}'] },
    {
      name: 'imported',
      table: 'public.imported',
      keys: ['imported:${id}'],
      ignore: { labels: ['nightly'], origins: ['elsewhere'] },
    },
  ],
});

/** Whether the daemon has nothing more to do about the catalog as it is now. */
async function isWrittenDown({ sql, redis, slot, publication }: TestContext): Promise<boolean> {
  const text = await redis.get(`freshet:{${slot}}:catalog`);
  const written = text === null ? undefined : decodeFingerprint(text)?.fingerprint;
  if (written === undefined) return false;
  const tables = written.tables.map(({ schema, name }) => ({ schema, name }));
  const serverVersion = await sql.value<number>(`SELECT current_setting('server_version_num')::int`);
  const query = <Row extends object>(statement: string, values?: readonly unknown[]) =>
    sql.rows<Row>(statement, values);
  const now = await readFingerprint(query, { tables, publication, serverVersion }, written);
  return isSameFingerprint(written, now.fingerprint);
}

test('a look at the catalog notices a column that got a default', async ({ running: { context } }) => {
  await context.fill('user:1', 'order:1');
  await context.sql.rows(`ALTER TABLE users ADD COLUMN status text DEFAULT 'new'`);
  await context.waitUntilGone('user:1', POLL_DEADLINE_MS);
  expect(await context.keys()).toEqual(['order:1']);
  // It is purged once more when the stream comes to where the catalog was seen, before what is confirmed after that.
  await waitUntilSettled(context);
  await waitUntilSettled(context);
});

test('an ordered purge comes at its place: not before its transaction commits, and not if it rolls back', async ({
  running: { context },
}) => {
  await context.fill('user:1', 'order:1');
  const order = `SELECT pg_logical_emit_message(true, 'freshet.purge', '{"table": "public.users"}')`;
  await context.sql.rows(`BEGIN; ${order}; ROLLBACK`);
  await waitUntilSettled(context);
  expect(await context.keys()).toEqual(['order:1', 'user:1']);
  await context.sql.rows(order);
  await context.waitUntilGone('user:1');
  await waitUntilSettled(context);
  expect(await context.keys()).toEqual(['order:1']);
});

test('transactions of a label or an origin that the rule ignores leave its keys alone', async ({
  running: { context },
}) => {
  const { sql } = context;
  await context.fill('imported:1', 'imported:2', 'imported:3');
  await sql.rows(`BEGIN; SELECT pg_logical_emit_message(true, 'freshet.label', 'nightly');
                  INSERT INTO imported VALUES (1); COMMIT`);
  await sql.rows(`SELECT pg_replication_origin_create('elsewhere')`);
  await using other = await context.connect();
  try {
    await other.rows(`SELECT pg_replication_origin_session_setup('elsewhere')`);
    await other.rows('INSERT INTO imported VALUES (2)');
    await other.rows('SELECT pg_replication_origin_session_reset()');
  } finally {
    await sql.rows(`SELECT pg_replication_origin_drop('elsewhere')`);
  }
  await sql.rows('INSERT INTO imported VALUES (3)');
  await context.waitUntilGone('imported:3');
  await waitUntilSettled(context);
  expect((await context.keys()).filter((key) => key.startsWith('imported:'))).toEqual([
    'imported:1',
    'imported:2',
  ]);
});

test('event triggers tell of migrations in the stream: at once, and without rows that changed', async ({
  running: { context, daemon },
}) => {
  const installed = spawnSync(process.execPath, [MAIN, 'setup', '--ddl', '--config', daemon.configFile], {
    encoding: 'utf8',
  });
  expect(installed).toMatchObject({ status: 0, stderr: '' });
  const events = () => daemon.metric('freshet_migrations_total');
  await context.fill('user:1', 'order:1', 'total:1');

  await context.sql.rows(`ALTER TABLE users ALTER COLUMN note TYPE text USING upper(note)`);
  await context.waitUntilGone('user:1', 5_000);
  await context.sql.rows('REFRESH MATERIALIZED VIEW totals');
  await context.waitUntilGone('total:1', 5_000);
  await waitFor(async () => (await events()) > 0, { what: 'the migrations to be counted' });
  // A look at the catalog that saw a change before the stream told of it purges once more; it is written down after.
  await waitFor(() => isWrittenDown(context), {
    what: 'the look at the catalog to be done with the changes',
    deadlineMs: POLL_DEADLINE_MS,
  });

  await context.fill('user:1');
  await context.sql.rows(`COMMENT ON TABLE users IS 'nothing changes'`);
  await context.sql.rows('BEGIN; ALTER TABLE users DROP COLUMN note; ROLLBACK');
  await waitUntilSettled(context);
  expect(await context.keys()).toContain('user:1');
  expect(await context.keys()).toContain('order:1');
});
