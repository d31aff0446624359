import { expect, inject, test } from 'vitest';
import { INSTALL_DDL_CAPTURE_SQL } from '../../src/migrations/ddl-capture-sql.ts';
import { LocalPostgres } from '../support/postgres/local-postgres.ts';
import { TestContext } from '../support/test-context.ts';
import { waitFor } from '../support/wait-for.ts';
import { ruleText } from './rule-text.ts';
import { waitUntilSettled } from './settled.ts';

interface Swap {
  readonly table: string;
  readonly schema: string;
  /** Describes the table that is to come to the stream, under the name that it has before. */
  readonly backfill: string;
  readonly swap: string;
}

const PARTITIONED: Swap = {
  table: 'public.orders',
  schema: `
    CREATE TABLE orders (id int PRIMARY KEY, n int) PARTITION BY RANGE (id);
    CREATE TABLE orders_1 PARTITION OF orders FOR VALUES FROM (0) TO (10);
    CREATE TABLE bigger (id bigint PRIMARY KEY, n int) PARTITION BY RANGE (id);
    CREATE TABLE bigger_1 PARTITION OF bigger FOR VALUES FROM (0) TO (10)`,
  backfill: 'INSERT INTO bigger VALUES (1, 0)',
  swap: 'BEGIN; ALTER TABLE orders RENAME TO former; ALTER TABLE bigger RENAME TO orders; COMMIT',
};

const IN_SCHEMAS: Swap = {
  table: 'live.orders',
  schema: `
    CREATE SCHEMA live; CREATE TABLE live.orders (id int PRIMARY KEY, n int);
    CREATE SCHEMA next; CREATE TABLE next.orders (id int PRIMARY KEY, n int)`,
  backfill: 'INSERT INTO next.orders VALUES (1, 0)',
  swap: 'BEGIN; ALTER SCHEMA live RENAME TO former; ALTER SCHEMA next RENAME TO live; COMMIT',
};

/**
 * The stream says nothing of the new name: not of a partition's root, nor on Postgres 14 of a schema. Event triggers make
 * the daemon look at the catalog at once.
 */
async function expectFollowed(context: TestContext, { table, schema, backfill, swap }: Swap): Promise<void> {
  const { sql, redis } = context;
  await sql.rows(`${schema}; CREATE TABLE others (id int PRIMARY KEY);
    CREATE PUBLICATION ${context.publication} FOR ALL TABLES`);
  await sql.rows(INSTALL_DDL_CAPTURE_SQL);
  const rules = ruleText(context.keyPrefix, [
    { name: 'order', table, keys: ['order:${id}'] },
    { name: 'other', table: 'public.others', keys: ['other:${id}'] },
  ]);
  const daemon = await context.startDaemon({ rules });
  await sql.rows(backfill);
  await waitUntilSettled(context);
  const catalog = () => redis.get(`freshet:{${context.slot}}:catalog`);
  const before = await catalog();
  await sql.rows(swap);
  // Written down once nothing is to be purged any more. Each of these commands has the daemon look again.
  await waitFor(
    async () => {
      await sql.rows('ALTER TABLE others ALTER id SET STATISTICS 100');
      return (await catalog()) !== before;
    },
    { what: 'the look at the catalog to be done with the swap', deadlineMs: 25_000 },
  );
  await context.fill('order:1');
  await sql.rows(`UPDATE ${table} SET n = 5 WHERE id = 1`);
  await context.waitUntilGone('order:1');

  await context.fill('order:1', 'order:2');
  await daemon.stop();
  await context.startDaemon({ rules });
  await sql.rows(`UPDATE ${table} SET n = 6 WHERE id = 1`);
  await context.waitUntilGone('order:1');
  await waitUntilSettled(context);
  expect(await context.keys(), 'the next session finds nothing new').toEqual(['order:2']);
}

test('a partitioned table that was swapped for another one is followed, its partitions too', async () => {
  await using context = await TestContext.open();
  await expectFollowed(context, PARTITIONED);
});

test('schemas that were swapped are followed on Postgres 14', async () => {
  await using postgres = await LocalPostgres.create({ major: 14 });
  await using context = await TestContext.open({ postgresUrl: postgres.url, redisUrl: inject('redisUrl') });
  await expectFollowed(context, IN_SCHEMAS);
});
