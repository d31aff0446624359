import { expect, test } from 'vitest';
import { TestContext } from '../support/test-context.ts';
import { waitFor } from '../support/wait-for.ts';
import { ruleText } from './rule-text.ts';
import { confirmedLsn, mark, waitUntilSettled } from './settled.ts';

/** Rules on items with and without a second delete. */
function rulesOf(context: TestContext, fillGrace: string): string {
  const legacy = { fillGrace };
  return ruleText(context.keyPrefix, [
    {
      name: 'legacy',
      table: 'public.items',
      keys: ['item:${id}', { each: 'SELECT ${id}::int + 100 AS part_id', key: 'part:${part_id}' }],
      legacy,
    },
    { name: 'once', table: 'public.items', keys: ['once:${id}'] },
  ]);
}

async function open(): Promise<TestContext> {
  const context = await TestContext.open();
  await context.sql.rows('CREATE TABLE items (id int PRIMARY KEY, n int); INSERT INTO items VALUES (1, 0)');
  return context;
}

/** Waits until the keys are gone and the heartbeat tells that all is applied: then only second deletes are to come. */
async function waitUntilAllGone(context: TestContext, ...names: readonly string[]): Promise<void> {
  const position = await mark(context.sql);
  for (const name of names) await context.waitUntilGone(name);
  const heartbeat = `freshet:{${context.slot}}:heartbeat`;
  await waitFor(
    async () => {
      const told = await context.redis.hget(heartbeat, 'position');
      return context.sql.value<boolean>('SELECT $1::pg_lsn >= $2::pg_lsn', [told ?? '0/0', position]);
    },
    { what: 'the heartbeat to tell that all is applied', intervalMs: 2 },
  );
}

test('an old value that is stored right after the delete is gone after the grace', async () => {
  await using context = await open();
  const daemon = await context.startDaemon({ rules: rulesOf(context, '1s') });
  await context.fill('item:1', 'part:101', 'once:1');
  await context.sql.rows('UPDATE items SET n = 1');
  await waitUntilAllGone(context, 'item:1', 'part:101', 'once:1');
  await context.fill('item:1', 'part:101', 'once:1');
  await waitUntilAllGone(context, 'item:1', 'part:101');
  await waitUntilSettled(context);
  expect(await context.keys()).toEqual(['once:1']);
  expect(await daemon.metric('freshet_legacy_deletes_total')).toBe(2);
  expect(await daemon.metric('freshet_legacy_existed_total')).toBe(2);

  await context.fill('item:1', 'item:2');
  await context.sql.rows('TRUNCATE items');
  await waitUntilAllGone(context, 'item:1', 'item:2', 'once:1');
  await context.fill('item:2', 'once:1');
  await waitUntilAllGone(context, 'item:2');
  expect(await context.keys()).toEqual(['once:1']);
});

test('a daemon that dies in the grace has confirmed nothing, and deletes again; what is applied it has told', async () => {
  await using context = await open();
  // New rules are purged, a second time too: with a grace that can be waited for.
  const adopting = await context.startDaemon({ rules: rulesOf(context, '1s') });
  await waitUntilSettled(context);
  await adopting.stop();
  const first = await context.startDaemon({ rules: rulesOf(context, '1m') });
  await waitUntilSettled(context);
  await context.fill('item:1');
  await context.sql.rows('UPDATE items SET n = 1');
  // Others write into the same WAL: what lies before the commit may be confirmed.
  const after = await context.sql.value<string>('SELECT pg_current_wal_insert_lsn()::text');
  await waitUntilAllGone(context, 'item:1');
  expect(
    await context.sql.value('SELECT $1::pg_lsn < $2::pg_lsn', [await confirmedLsn(context), after]),
  ).toBe(true);
  await first.stop('SIGKILL');

  await context.fill('item:1');
  await context.startDaemon({ rules: rulesOf(context, '1m') });
  await context.waitUntilGone('item:1');
});

test('SIGTERM waits for the second delete', async () => {
  await using context = await open();
  const daemon = await context.startDaemon({ rules: rulesOf(context, '1s') });
  await context.fill('item:1');
  await context.sql.rows('UPDATE items SET n = 1');
  await context.waitUntilGone('item:1');
  await context.fill('item:1');
  expect(await daemon.stop('SIGTERM', 9_000)).toEqual({ code: 0, signal: null });
  expect(await context.redis.exists(context.key('item:1'))).toBe(0);
});
