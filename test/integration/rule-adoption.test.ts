import { expect, test } from 'vitest';
import { DaemonProcess } from '../support/daemon-process.ts';
import { LocalPostgres } from '../support/postgres/local-postgres.ts';
import { LocalRedis } from '../support/redis/local-redis.ts';
import { TestContext } from '../support/test-context.ts';
import { waitFor } from '../support/wait-for.ts';
import { ruleText } from './rule-text.ts';
import { confirmedLsn, waitUntilConfirmed, waitUntilSettled } from './settled.ts';

const ONE = { name: 'one', table: 'public.one', keys: ['one:${id}'] };
const TWO = { name: 'two', table: 'public.two', keys: ['two:${id}'] };
const THREE = { name: 'three', table: 'public.three', keys: ['three:${id}'] };
const SCHEMA = `
  CREATE TABLE one (id int PRIMARY KEY);
  CREATE TABLE two (id int PRIMARY KEY, n int);
  CREATE TABLE three (id int PRIMARY KEY);
  INSERT INTO two VALUES (1, 0)`;

async function waitForReloads(daemon: DaemonProcess, count: number): Promise<void> {
  await waitFor(async () => (await daemon.metric('freshet_rule_reloads_total')) === count, {
    what: `${count} reloads`,
  });
}

/** With rules `one`, and a transaction that has changed what a rule `two` is to be about. */
async function openWhileChanging() {
  await using opened = new AsyncDisposableStack();
  const context = opened.use(await TestContext.open());
  await context.sql.rows(SCHEMA);
  const daemon = await context.startDaemon({ rules: ruleText(context.keyPrefix, [ONE]) });
  const transaction = await context.connect();
  await transaction.rows('BEGIN; UPDATE two SET n = 1');
  await context.fill('one:1', 'two:1');
  const rules = ruleText(context.keyPrefix, [ONE, TWO]);
  await daemon.changeRules(rules);
  await context.waitUntilGone('two:1');
  await waitUntilSettled(context);
  // A reader stores what it sees, which is the row of before.
  await context.fill('two:1');
  await waitUntilSettled(context);
  expect(await context.keys()).toEqual(['one:1', 'two:1']);
  return { context, daemon, rules, transaction, [Symbol.asyncDispose]: disposeOf(opened) };
}

function disposeOf(opened: AsyncDisposableStack): () => Promise<void> {
  const owned = opened.move();
  return () => owned.disposeAsync();
}

test('a transaction that was open when the table of a new rule was published: purged again when it has ended', async () => {
  await using changing = await openWhileChanging();
  const { context, transaction } = changing;
  await transaction.rows('COMMIT');
  await context.waitUntilGone('two:1');
  expect(await context.keys()).toEqual(['one:1']);
});

test('kill -9 before that: the next process purges', async () => {
  await using changing = await openWhileChanging();
  const { context, daemon, rules, transaction } = changing;
  await daemon.stop('SIGKILL');
  await transaction.rows('COMMIT');
  const next = await context.startDaemon({ rules });
  await waitUntilSettled(context);
  expect(await context.keys()).toEqual(['one:1']);

  await context.fill('two:1');
  await next.stop();
  await context.startDaemon({ rules });
  await waitUntilSettled(context);
  expect(await context.keys(), 'the one after it has nothing to purge').toEqual(['one:1', 'two:1']);
});

test('rules that are changed once more before that: the next session purges what both changes brought', async () => {
  await using changing = await openWhileChanging();
  const { context, daemon, transaction } = changing;
  await context.fill('three:1');
  await daemon.changeRules(ruleText(context.keyPrefix, [ONE, TWO, THREE]));
  await context.waitUntilGone('three:1');
  await waitUntilSettled(context);
  await context.fill('two:1');
  await transaction.rows('COMMIT');
  await context.waitUntilGone('two:1');
  expect(await context.keys()).toEqual(['one:1']);
});

test('a commit that waits for its synchronous standby has passed by the rules of before', async () => {
  const settings = { synchronous_standby_names: 'away', synchronous_commit: 'local' };
  await using postgres = await LocalPostgres.create({ settings });
  await using redis = await LocalRedis.create();
  await using context = await TestContext.open({ postgresUrl: postgres.url, redisUrl: redis.url });
  await context.sql.rows(SCHEMA);
  const added = { ...TWO, on: ['insert'] };
  const daemon = await context.startDaemon({ rules: ruleText(context.keyPrefix, [added]) });
  const writer = await context.connect();
  await writer.rows('SET synchronous_commit = on');
  const written = writer.rows('UPDATE two SET n = 1');
  const isWaiting = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'SyncRep'`;
  await waitFor(async () => (await context.sql.rows(isWaiting)).length === 1, { what: 'the commit to wait' });
  await waitUntilConfirmed(context, await context.sql.value('SELECT pg_current_wal_flush_lsn()::text'));

  await context.fill('two:1', 'new:1');
  const rules = [TWO, { name: 'new', table: 'public.two', keys: ['new:${id}'] }];
  await daemon.changeRules(ruleText(context.keyPrefix, rules));
  await context.waitUntilGone('two:1');
  await context.waitUntilGone('new:1');
  await waitFor(() => daemon.isReady(), { what: 'the daemon to stream again' });
  const before = await confirmedLsn(context);
  await context.fill('two:1', 'new:1');
  await context.sql.rows('INSERT INTO one VALUES (1)');
  await waitFor(async () => (await confirmedLsn(context)) !== before, { what: 'the stream to go on' });
  expect(await context.keys()).toEqual(['new:1', 'two:1']);

  await postgres.configure({ synchronous_standby_names: '' });
  await written;
  await context.waitUntilGone('two:1');
  await context.waitUntilGone('new:1');
});

test('rules that were changed between two processes: what is new is purged, the rest stays', async () => {
  await using context = await TestContext.open();
  await context.sql.rows(SCHEMA);
  await context.fill('one:1');
  const daemon = await context.startDaemon({ rules: ruleText(context.keyPrefix, [ONE]) });
  expect(await context.keys(), 'all are new to the first process').toEqual([]);
  await context.fill('one:1', 'two:1');
  await daemon.stop();
  await context.startDaemon({ rules: ruleText(context.keyPrefix, [ONE, TWO]) });
  await waitUntilSettled(context);
  expect(await context.keys()).toEqual(['one:1']);
});

test('rules that are changed while the first ones are still being proved are proved as well', async () => {
  await using context = await TestContext.open();
  await context.sql.rows(SCHEMA);
  const transaction = await context.connect();
  await transaction.rows('BEGIN; INSERT INTO one VALUES (1)');
  const options = context.daemonOptions({ rules: ruleText(context.keyPrefix, [ONE]) });
  const daemon = context.use(await DaemonProcess.launch(options));
  const isCreating = `SELECT FROM pg_replication_slots WHERE slot_name = '${context.slot}'`;
  await waitFor(async () => (await context.sql.rows(isCreating)).length === 1, {
    what: 'the slot to be made',
  });
  await daemon.changeRules(ruleText(context.keyPrefix, [ONE, TWO]));
  // Looked at every two seconds.
  const due = performance.now() + 4_500;
  await waitFor(
    async () => performance.now() > due || (await daemon.metric('freshet_rule_reloads_total')) > 0,
    { what: 'the change to be seen' },
  );
  await transaction.rows('COMMIT');
  await waitForReloads(daemon, 1);
  await daemon.waitUntilReady();
  await context.fill('two:2');
  await waitUntilSettled(context);
  expect(await context.keys()).toEqual(['two:2']);
  await context.sql.rows('INSERT INTO two VALUES (2, 0)');
  await context.waitUntilGone('two:2');
});
