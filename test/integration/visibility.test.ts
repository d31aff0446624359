import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { SynchronousServers } from '../support/synchronous-servers.ts';
import { TestContext } from '../support/test-context.ts';
import { waitFor } from '../support/wait-for.ts';
import { ruleText } from './rule-text.ts';
import { confirmedLsn, waitUntilSettled } from './settled.ts';

/** While commits are held: what is decoded and sent to the daemon, and visible to nobody. */
let servers: SynchronousServers;

beforeAll(async () => {
  servers = await SynchronousServers.create();
});

afterAll(() => servers[Symbol.asyncDispose]());

beforeEach(() => servers.reset());

/** A context with twenty products; its own session never waits for the standby. */
async function openShop(): Promise<TestContext> {
  const context = await TestContext.open({ postgresUrl: servers.primary.url, redisUrl: servers.redis.url });
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

/** What a cache-aside reader does: SELECT and store. @returns what it saw */
async function readThrough(context: TestContext, id: number): Promise<number> {
  const n = await context.sql.value<number>('SELECT n FROM products WHERE id = $1', [id]);
  await context.redis.set(context.key(`product:${id}`), n);
  return n;
}

test('a commit that is decoded before it is visible has its key deleted again once it is', async () => {
  await using context = await openShop();
  const daemon = await context.startDaemon({ rules: rulesOf(context) });
  await servers.holdCommits();
  await readThrough(context, 1);
  const held = await servers.commitHeld(context, 'UPDATE products SET n = 1 WHERE id = 1');
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

  await servers.releaseCommits();
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
  await servers.holdCommits();
  await readThrough(context, 1);
  const held = await servers.commitHeld(context, 'UPDATE products SET n = 1 WHERE id = 1');
  await context.waitUntilGone('product:1');
  await first.stop('SIGKILL');
  expect(await readThrough(context, 1)).toBe(0);

  await context.startDaemon({ rules: rulesOf(context) });
  await context.waitUntilGone('product:1');
  expect(await readThrough(context, 1)).toBe(0);
  await servers.releaseCommits();
  await held.done;
  await context.waitUntilGone('product:1');
});

test('of two commits in one batch the one that becomes visible first does not wait for the other', async () => {
  await using context = await openShop();
  const daemon = await context.startDaemon({ rules: rulesOf(context) });
  await servers.holdCommits();
  for (const id of [1, 2, 3]) await readThrough(context, id);
  servers.redis.freeze();
  await context.sql.rows('UPDATE products SET n = 1 WHERE id = 3');
  const first = await servers.commitHeld(context, 'UPDATE products SET n = 1 WHERE id = 1');
  const second = await servers.commitHeld(context, 'UPDATE products SET n = 1 WHERE id = 2');
  await waitFor(async () => (await daemon.metric('freshet_changes_total')) === 3, {
    what: 'all three changes to be read',
  });
  servers.redis.thaw();
  for (const id of [1, 2, 3]) await context.waitUntilGone(`product:${id}`);
  expect([await readThrough(context, 1), await readThrough(context, 2)]).toEqual([0, 0]);

  // The administrator gives up the wait of the first: it is committed here, whatever the standby knows.
  await context.sql.rows('SELECT pg_cancel_backend($1)', [first.pid]);
  await first.done;
  await context.waitUntilGone('product:1');
  expect(await readThrough(context, 1)).toBe(1);

  await servers.releaseCommits();
  await second.done;
  await context.waitUntilGone('product:2');
});

test('a partition made by a commit that is not visible yet belongs to its root', async () => {
  await using context = await openShop();
  await context.startDaemon({ rules: rulesOf(context) });
  await servers.holdCommits();
  await context.fill('event:eu:1');
  const held = await servers.commitHeld(
    context,
    `BEGIN;
     CREATE TABLE events_eu (LIKE events INCLUDING ALL);
     ALTER TABLE events ATTACH PARTITION events_eu FOR VALUES IN ('eu');
     INSERT INTO events VALUES ('eu', 1);
     COMMIT`,
  );
  await servers.releaseCommits();
  await held.done;
  await context.waitUntilGone('event:eu:1');
  await context.fill('event:eu:2');
  await context.sql.rows(`INSERT INTO events VALUES ('eu', 2)`);
  await context.waitUntilGone('event:eu:2');
});
