import { afterAll, beforeAll, describe, expect, test as plainTest } from 'vitest';
import { LocalRedis } from '../support/redis/local-redis.ts';
import { TestContext } from '../support/test-context.ts';
import { waitFor } from '../support/wait-for.ts';
import { ruleText } from './rule-text.ts';
import { waitUntilSettled } from './settled.ts';
import { type Running, withDaemon } from './with-daemon.ts';

const LIMIT = 20;

const test = withDaemon({
  schema: ['below', 'over', 'keys', 'steady', 'parts']
    .map((name) => `CREATE TABLE ${name} (id int PRIMARY KEY);`)
    .join(''),
  rules: ['below', 'over', 'keys', 'steady', 'parts'].map((name) => ({
    name,
    table: `public.${name}`,
    keys: [`${name}:\${id}`],
    massChange: { over: LIMIT, then: name === 'keys' ? 'keys' : 'purge' },
  })),
  // Large transactions are applied in parts.
  settings: { 'limits.batchKeys': 10 },
});

/** Whether a key of the rule that no row has touched went too. @returns what is left of `name:1` and `name:other` */
async function leftAfter(
  { context }: Running,
  name: string,
  change: () => Promise<unknown>,
): Promise<readonly string[]> {
  await context.fill(`${name}:1`, `${name}:other`);
  await change();
  await waitUntilSettled(context);
  return (await context.keys()).filter((key) => key.startsWith(`${name}:`));
}

function insert({ context }: Running, name: string, rows: number, from = 1): Promise<unknown> {
  return context.sql.rows(`INSERT INTO ${name} SELECT generate_series($1::int, $2::int)`, [
    from,
    from + rows - 1,
  ]);
}

test('as many rows as the limit leave the other keys alone', async ({ running }) => {
  expect(await leftAfter(running, 'below', () => insert(running, 'below', LIMIT))).toEqual(['below:other']);
});

test('one more purges every key of the rule', async ({ running }) => {
  expect(await leftAfter(running, 'over', () => insert(running, 'over', LIMIT + 1))).toEqual([]);
});

test('a transaction whose first parts are applied already counts as a whole', async ({ running }) => {
  expect(await leftAfter(running, 'parts', () => insert(running, 'parts', 5_000))).toEqual([]);
  const again = () => insert(running, 'parts', 1, 9_000);
  expect(await leftAfter(running, 'parts', again), 'and the next one for itself').toEqual([
    'parts:1',
    'parts:other',
  ]);
});

test('then: keys never purges', async ({ running }) => {
  expect(await leftAfter(running, 'keys', () => insert(running, 'keys', 10 * LIMIT))).toEqual(['keys:other']);
});

test('many small transactions that are applied as they come are no mass change', async ({ running }) => {
  const many = async (): Promise<void> => {
    for (let id = 1; id <= 5 * LIMIT; id++) {
      await running.context.sql.rows('INSERT INTO steady VALUES ($1)', [id]);
      if (id % (LIMIT / 2) === 0) await waitUntilSettled(running.context);
    }
  };
  expect(await leftAfter(running, 'steady', many)).toEqual(['steady:other']);
});

describe('a backlog', () => {
  let redis: LocalRedis;
  beforeAll(async () => void (redis = await LocalRedis.create()));
  afterAll(() => redis[Symbol.asyncDispose]());

  plainTest('of small transactions while Redis is away is one, and over once it is applied', async () => {
    await using context = await openOn(redis);
    const daemon = await context.startDaemon({
      rules: ruleText(context.keyPrefix, [
        {
          name: 'item',
          table: 'public.items',
          keys: ['item:${id}'],
          massChange: { over: LIMIT, then: 'purge' },
        },
      ]),
    });
    await context.fill('item:1', 'item:other');
    redis.freeze();
    try {
      for (let id = 1; id <= 2 * LIMIT; id++) await context.sql.rows('INSERT INTO items VALUES ($1)', [id]);
      await waitFor(async () => (await daemon.metric('freshet_changes_total')) === 2 * LIMIT, {
        what: 'all changes to be read',
      });
    } finally {
      redis.thaw();
    }
    await waitUntilSettled(context);
    expect(await context.keys()).toEqual([]);

    await context.fill('item:1', 'item:other');
    await context.sql.rows('DELETE FROM items WHERE id = 1');
    await waitUntilSettled(context);
    expect(await context.keys()).toEqual(['item:other']);
  });
});

async function openOn({ url }: LocalRedis): Promise<TestContext> {
  const { inject } = await import('vitest');
  const context = await TestContext.open({ postgresUrl: inject('postgresUrl'), redisUrl: url });
  await context.sql.rows('CREATE TABLE items (id int PRIMARY KEY)');
  return context;
}
