import { expect, test } from 'vitest';
import { ruleText } from '../integration/rule-text.ts';
import { waitUntilSettled } from '../integration/settled.ts';
import { LocalPostgres } from '../support/postgres/local-postgres.ts';
import { LocalRedis } from '../support/redis/local-redis.ts';
import { TestContext } from '../support/test-context.ts';
import { waitFor } from '../support/wait-for.ts';

const RULES = [
  { name: 'item', table: 'public.items', keys: ['item:${id}'] },
  { name: 'price', table: 'public.items', keys: ['price:${id}'], set: { ttl: '1h', columns: ['n'] } },
  { name: 'log', table: 'public.items', keys: ['item:${id}'], publish: { stream: 'log', maxLength: 100 } },
] as const;

test('Redis is full and evicts nothing: deletes work, what cannot be stored is deleted, and a daemon starts', async () => {
  await using postgres = await LocalPostgres.create({});
  await using redis = await LocalRedis.create({ settings: { 'maxmemory-policy': 'noeviction' } });
  await using context = await TestContext.open({ postgresUrl: postgres.url, redisUrl: redis.url });
  const { sql } = context;
  await sql.rows('CREATE TABLE items (id int PRIMARY KEY, n int)');
  const rules = ruleText(context.keyPrefix, RULES);
  const first = await context.startDaemon({ rules });
  await sql.rows('INSERT INTO items VALUES (1, 1), (2, 1)');
  await waitUntilSettled(context);
  await context.fill('item:1', 'item:2');

  const told = await context.redis.xlen('log');
  await context.redis.config('SET', 'maxmemory', '1');
  await sql.rows('UPDATE items SET n = 2 WHERE id = 1');
  await waitUntilSettled(context);
  expect(await context.keys()).toEqual(['item:2', 'price:2']);
  expect(await first.metrics()).toContain('freshet_writes_total{outcome="full"} 1\n');
  expect(first.log.filter((line) => line.includes('storing values fails'))).toHaveLength(1);
  expect(await context.redis.xlen('log'), 'messages').toBe(told + 1);

  await first.stop('SIGKILL');
  await sql.rows('UPDATE items SET n = 3 WHERE id = 2');
  await context.startDaemon({ rules });
  await waitUntilSettled(context);
  expect(await context.keys()).toEqual([]);

  await context.redis.config('SET', 'maxmemory', '0');
  await sql.rows('UPDATE items SET n = 4 WHERE id = 2');
  await waitFor(async () => (await context.redis.get(context.key('price:2'))) === '{"n":4}', {
    what: 'values to be stored again',
  });
});
