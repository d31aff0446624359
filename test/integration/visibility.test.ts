import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { LocalPostgres } from '../support/postgres/local-postgres.ts';
import { createStandby, pauseReplay, resumeReplay } from '../support/postgres/standby.ts';
import { LocalRedis } from '../support/redis/local-redis.ts';
import type { SqlClient } from '../support/sql-client.ts';
import { TestContext } from '../support/test-context.ts';
import { waitFor } from '../support/wait-for.ts';
import { ruleText } from './rule-text.ts';
import { confirmedLsn, waitUntilSettled } from './settled.ts';

/**
 * Every commit waits for a synchronous standby that does not replay: decoded and sent, and visible to nobody. Sessions
 * with synchronous_commit = local commit without it.
 */
const servers = new AsyncDisposableStack();
let primary: LocalPostgres;
let standby: LocalPostgres;
let redis: LocalRedis;

beforeAll(async () => {
  primary = servers.use(await LocalPostgres.create());
  redis = servers.use(await LocalRedis.create());
  standby = servers.use(await createStandby(primary, { name: 'behind' }));
});

afterAll(() => servers.disposeAsync());

beforeEach(async () => {
  await primary.configure({ synchronous_standby_names: '' });
  await resumeReplay(standby);
});

/** A context with two products whose keys are cached; from its return on commits wait. */
async function openShop(): Promise<TestContext> {
  const context = await TestContext.open({ postgresUrl: primary.url, redisUrl: redis.url });
  await context.sql.rows(`
    SET synchronous_commit = local;
    CREATE TABLE products (id int PRIMARY KEY, n int);
    INSERT INTO products SELECT g, 0 FROM generate_series(1, 20) g;
    CREATE TABLE events (region text, id int, PRIMARY KEY (region, id)) PARTITION BY LIST (region)`);
  return context;
}

function rulesOf({ keyPrefix }: TestContext): string {
  return ruleText(keyPrefix, [
    { name: 'product', table: 'public.products', keys: ['product:${id}'] },
    { name: 'event', table: 'public.events', keys: ['event:${region}:${id}'] },
  ]);
}

async function holdCommits(): Promise<void> {
  await primary.configure({ synchronous_standby_names: 'behind', synchronous_commit: 'remote_apply' });
  await pauseReplay(standby);
}

interface HeldCommit {
  readonly pid: number;
  /** Resolves when the commit has returned. */
  readonly done: Promise<unknown>;
}

/** Runs SQL that ends in a commit which waits for the standby; returns while it waits. */
async function commitHeld(context: TestContext, sql: string): Promise<HeldCommit> {
  const session: SqlClient = await context.connect();
  // Where a test fails, a session that waits for ever could not be ended.
  context.use({ [Symbol.asyncDispose]: () => resumeReplay(standby) });
  await session.rows('SET synchronous_commit = remote_apply');
  const pid = await session.value<number>('SELECT pg_backend_pid()');
  const done = session.rows(sql);
  await waitFor(
    () =>
      context.sql
        .rows(`SELECT FROM pg_stat_activity WHERE pid = $1 AND wait_event = 'SyncRep'`, [pid])
        .then((rows) => rows.length === 1),
    { what: 'the commit to wait for the standby' },
  );
  return { pid, done };
}

/** What a cache-aside reader does: SELECT and store. @returns what it saw */
async function readThrough(context: TestContext, id: number): Promise<number> {
  const n = await context.sql.value<number>('SELECT n FROM products WHERE id = $1', [id]);
  await context.redis.set(context.key(`product:${id}`), n);
  return n;
}

test('a commit that is decoded before it is visible has its key deleted again once it is', async () => {
  await using context = await openShop();
  const daemon = await context.startDaemon({ rules: rulesOf(context) });
  await holdCommits();
  await readThrough(context, 1);
  const held = await commitHeld(context, 'UPDATE products SET n = 1 WHERE id = 1');
  const afterHeld = await context.sql.value<string>('SELECT pg_current_wal_insert_lsn()::text');

  await context.waitUntilGone('product:1');
  expect(await readThrough(context, 1)).toBe(0);

  // Others are served meanwhile, and their commits must not carry the confirmed position past the one that waits.
  for (let id = 2; id <= 10; id++) {
    await readThrough(context, id);
    await context.sql.rows('UPDATE products SET n = 1 WHERE id = $1', [id]);
    await context.waitUntilGone(`product:${id}`);
    const isBehind = await context.sql.value('SELECT $1::pg_lsn < $2::pg_lsn', [
      await confirmedLsn(context),
      afterHeld,
    ]);
    expect(isBehind).toBe(true);
  }
  expect(await readThrough(context, 1)).toBe(0);
  const counted = await daemon.metric('freshet_commit_to_applied_seconds_count');

  await resumeReplay(standby);
  await held.done;
  await context.waitUntilGone('product:1');
  expect(await readThrough(context, 1)).toBe(1);
  await waitUntilSettled(context);
  expect(await context.keys()).toContain('product:1');
  expect(await daemon.metric('freshet_commit_to_applied_seconds_count')).toBeGreaterThan(counted);
});

test('a daemon that is killed meanwhile deletes the key again after its restart', async () => {
  await using context = await openShop();
  const first = await context.startDaemon({ rules: rulesOf(context) });
  await holdCommits();
  await readThrough(context, 1);
  const held = await commitHeld(context, 'UPDATE products SET n = 1 WHERE id = 1');
  await context.waitUntilGone('product:1');
  await first.stop('SIGKILL');
  expect(await readThrough(context, 1)).toBe(0);

  await context.startDaemon({ rules: rulesOf(context) });
  await context.waitUntilGone('product:1');
  expect(await readThrough(context, 1)).toBe(0);
  await resumeReplay(standby);
  await held.done;
  await context.waitUntilGone('product:1');
});

test('of two commits in one batch the one that becomes visible first does not wait for the other', async () => {
  await using context = await openShop();
  const daemon = await context.startDaemon({ rules: rulesOf(context) });
  await holdCommits();
  for (const id of [1, 2, 3]) await readThrough(context, id);
  redis.freeze();
  await context.sql.rows('UPDATE products SET n = 1 WHERE id = 3');
  const first = await commitHeld(context, 'UPDATE products SET n = 1 WHERE id = 1');
  const second = await commitHeld(context, 'UPDATE products SET n = 1 WHERE id = 2');
  await waitFor(async () => (await daemon.metric('freshet_changes_total')) === 3, {
    what: 'all three changes to be read',
  });
  redis.thaw();
  for (const id of [1, 2, 3]) await context.waitUntilGone(`product:${id}`);
  expect([await readThrough(context, 1), await readThrough(context, 2)]).toEqual([0, 0]);

  // The administrator gives up the wait of the first: it is committed here, whatever the standby knows.
  await context.sql.rows('SELECT pg_cancel_backend($1)', [first.pid]);
  await first.done;
  await context.waitUntilGone('product:1');
  expect(await readThrough(context, 1)).toBe(1);

  await resumeReplay(standby);
  await second.done;
  await context.waitUntilGone('product:2');
});

test('a partition made by a commit that is not visible yet belongs to its root', async () => {
  await using context = await openShop();
  await context.startDaemon({ rules: rulesOf(context) });
  await holdCommits();
  await context.fill('event:eu:1');
  const held = await commitHeld(
    context,
    `BEGIN;
     CREATE TABLE events_eu (LIKE events INCLUDING ALL);
     ALTER TABLE events ATTACH PARTITION events_eu FOR VALUES IN ('eu');
     INSERT INTO events VALUES ('eu', 1);
     COMMIT`,
  );
  await resumeReplay(standby);
  await held.done;
  await context.waitUntilGone('event:eu:1');
  await context.fill('event:eu:2');
  await context.sql.rows(`INSERT INTO events VALUES ('eu', 2)`);
  await context.waitUntilGone('event:eu:2');
});
