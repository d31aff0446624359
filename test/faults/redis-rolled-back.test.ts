import { expect, test } from 'vitest';
import { ruleText } from '../integration/rule-text.ts';
import { waitUntilSettled } from '../integration/settled.ts';
import { LocalPostgres } from '../support/postgres/local-postgres.ts';
import { LocalRedis } from '../support/redis/local-redis.ts';
import { TestContext } from '../support/test-context.ts';
import { waitFor } from '../support/wait-for.ts';

const RULES = [{ name: 'item', table: 'public.items', keys: ['item:${id}'] }] as const;

/** An old value is in the snapshot on disk and in no other place: its key was deleted since. */
async function openWithSnapshot(opened: AsyncDisposableStack) {
  const postgres = opened.use(await LocalPostgres.create({}));
  const redis = opened.use(await LocalRedis.create());
  const context = opened.use(await TestContext.open({ postgresUrl: postgres.url, redisUrl: redis.url }));
  await context.sql.rows('CREATE TABLE items (id int PRIMARY KEY, n int); INSERT INTO items VALUES (1, 1)');
  const rules = ruleText(context.keyPrefix, RULES);
  const daemon = await context.startDaemon({ rules });
  // Else nobody would know by which process the snapshot was written.
  const run = `freshet:{${context.slot}}:run`;
  await waitFor(async () => (await context.redis.exists(run)) === 1, {
    what: 'the daemon to know its Redis',
  });
  await context.fill('item:1', 'session:1');
  await context.redis.save();
  await context.sql.rows('UPDATE items SET n = 2');
  await context.waitUntilGone('item:1');
  await waitUntilSettled(context);
  return { context, redis, daemon, rules };
}

async function rollBack(redis: LocalRedis): Promise<void> {
  await redis.kill();
  await redis.start();
}

test('Redis restarts from a snapshot: the old value that comes back goes, what belongs to nobody stays', async () => {
  await using stack = new AsyncDisposableStack();
  const { context, redis, daemon } = await openWithSnapshot(stack);
  await rollBack(redis);
  await waitFor(async () => (await daemon.metric('freshet_redis_replaced_total')) === 1, {
    what: 'the daemon to notice',
    deadlineMs: 30_000,
  });
  await context.waitUntilGone('item:1');
  expect(await context.keys()).toEqual(['session:1']);
});

test('Redis restarts from a snapshot while no daemon runs: the next one notices', async () => {
  await using stack = new AsyncDisposableStack();
  const { context, redis, daemon, rules } = await openWithSnapshot(stack);
  await daemon.stop('SIGTERM');
  await rollBack(redis);
  await waitFor(async () => (await context.keys()).includes('item:1'), { what: 'the old value to be back' });
  await context.startDaemon({ rules });
  await context.waitUntilGone('item:1');
  expect(await context.keys()).toEqual(['session:1']);
});

test.each(['run', 'catalog'])(
  '%s was evicted, and what it would have told is not known: the next daemon purges',
  async (text) => {
    await using stack = new AsyncDisposableStack();
    const { context, daemon, rules } = await openWithSnapshot(stack);
    await daemon.stop('SIGTERM');
    await context.redis.del(`freshet:{${context.slot}}:${text}`);
    await context.fill('item:1');
    await context.startDaemon({ rules });
    await context.waitUntilGone('item:1');
    expect(await context.keys()).toEqual(['session:1']);
  },
);

test('a daemon that starts again on the same Redis purges nothing', async () => {
  await using stack = new AsyncDisposableStack();
  const { context, daemon, rules } = await openWithSnapshot(stack);
  await context.fill('item:1');
  await daemon.stop('SIGTERM');
  const next = await context.startDaemon({ rules });
  await context.sql.rows('INSERT INTO items VALUES (2, 2)');
  await waitUntilSettled(context);
  expect(await context.keys()).toEqual(['item:1', 'session:1']);
  expect(await next.metric('freshet_redis_replaced_total')).toBe(0);
});
