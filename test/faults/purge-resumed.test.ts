import { expect, test } from 'vitest';
import { ruleText } from '../integration/rule-text.ts';
import { waitUntilSettled } from '../integration/settled.ts';
import type { DaemonProcess } from '../support/daemon-process.ts';
import { LocalPostgres } from '../support/postgres/local-postgres.ts';
import { LocalRedis } from '../support/redis/local-redis.ts';
import { TestContext } from '../support/test-context.ts';
import { waitFor } from '../support/wait-for.ts';

const KEYS = 200_000;

async function fill({ redis }: TestContext, prefix: string): Promise<void> {
  for (let from = 0; from < KEYS; from += 10_000) {
    const names = Array.from({ length: 10_000 }, (_, at) => `${prefix}${from + at}`);
    await redis.mset(names.flatMap((name) => [name, 'cached']));
  }
}

/**
 * Truncates, and kills the daemon when four of about ten notes of where its purge stands were seen: before the middle,
 * or later where a busy machine has missed some.
 */
async function killInMidPurge(context: TestContext, daemon: DaemonProcess): Promise<void> {
  const places = new Set<string>();
  await context.sql.rows('TRUNCATE items');
  await waitFor(
    async () => {
      for (const place of await context.redis.hvals(`freshet:{${context.slot}}:purge`)) places.add(place);
      return places.size >= 4;
    },
    { what: 'the purge to have noted its place', intervalMs: 2, deadlineMs: 60_000 },
  );
  expect(await daemon.metric('freshet_purges_running')).toBe(1);
  await daemon.stop('SIGKILL');
}

/** How often Redis was asked for another part of its keys, since the last time. */
async function scans({ redis }: TestContext): Promise<number> {
  const calls = /cmdstat_scan:calls=(\d+)/.exec(await redis.info('commandstats'))?.[1] ?? 0;
  await redis.config('RESETSTAT');
  return Number(calls);
}

test('kill -9 in the middle of a purge: the next process goes on there, but a later purge begins anew', async () => {
  await using postgres = await LocalPostgres.create();
  await using redis = await LocalRedis.create();
  await using context = await TestContext.open({ postgresUrl: postgres.url, redisUrl: redis.url });
  await context.sql.rows('CREATE TABLE items (id int PRIMARY KEY)');
  const rules = ruleText(context.keyPrefix, [{ name: 'item', table: 'public.items', keys: ['item:${id}'] }]);
  const items = context.key('item:');
  const first = await context.startDaemon({ rules });
  // Keep the walk long where the purge was done early for a commit that was not visible yet, and has to be done again.
  await fill(context, 'other:');
  await fill(context, items);
  await scans(context);
  expect(await context.keys()).toHaveLength(KEYS);
  const wholeWalk = await scans(context);

  await killInMidPurge(context, first);
  await scans(context);
  const second = await context.startDaemon({ rules });
  await waitUntilSettled(context, 60_000);
  expect(await second.metric('freshet_purges_resumed_total')).toBe(1);
  expect(await second.metric('freshet_purge_found_keys_total')).toBeLessThan(0.7 * KEYS);
  expect(await scans(context)).toBeLessThan(0.7 * wholeWalk);
  expect(await context.keys()).toEqual([]);

  await fill(context, items);
  await killInMidPurge(context, second);
  // Behind the cursor, too, lie values again that a later TRUNCATE makes wrong.
  await fill(context, items);
  await context.sql.rows('TRUNCATE items');
  await scans(context);
  await context.startDaemon({ rules });
  await waitUntilSettled(context, 60_000);
  expect(await scans(context)).toBeGreaterThanOrEqual(wholeWalk);
  expect(await context.keys()).toEqual([]);
});
