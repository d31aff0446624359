import { expect } from 'vitest';
import { waitUntilSettled } from './settled.ts';
import { withDaemon } from './with-daemon.ts';

const test = withDaemon({
  schema: `
    CREATE TABLE events (region text, id int, PRIMARY KEY (region, id)) PARTITION BY LIST (region);
    CREATE TABLE events_eu PARTITION OF events FOR VALUES IN ('eu');
    CREATE TABLE events_us PARTITION OF events FOR VALUES IN ('us') PARTITION BY RANGE (id);
    CREATE TABLE events_us_low PARTITION OF events_us FOR VALUES FROM (0) TO (100);
    CREATE TABLE items (id int PRIMARY KEY);
    CREATE SCHEMA archive;
    CREATE TABLE archive.items (id int PRIMARY KEY);
    CREATE SCHEMA "My Shop.v2";
    CREATE TABLE "My Shop.v2"."Order ""Lines""" ("Line.Id" int PRIMARY KEY, "line.id" int, "größe" text);
    ALTER TABLE "My Shop.v2"."Order ""Lines""" REPLICA IDENTITY FULL;
    CREATE TABLE "Items" (id int PRIMARY KEY);`,
  rules: [
    { name: 'event', table: 'public.events', keys: ['event:${region}:${id}'] },
    { name: 'item', table: 'public.items', keys: ['item:${id}'] },
    { name: 'archived', table: 'archive.items', keys: ['archived:${id}'] },
    {
      name: 'line',
      table: '"My Shop.v2"."Order ""Lines"""',
      keys: ['line:${"Line.Id"}', 'lower:${"line.id"}', 'size:${größe}'],
    },
  ],
});

test('rows of every partition, also of a partition of a partition, have the keys of the root', async ({
  running: { context },
}) => {
  await context.fill('event:eu:1', 'event:us:1', 'event:us:2', 'event:eu:2');
  await context.sql.rows(`INSERT INTO events VALUES ('eu', 1), ('us', 1)`);
  await context.sql.rows("INSERT INTO events_us_low VALUES ('us', 2)");
  await waitUntilSettled(context);
  expect((await context.keys()).filter((key) => key.startsWith('event:'))).toEqual(['event:eu:2']);
});

test('a row that moves between partitions loses the keys of both', async ({ running: { context } }) => {
  await context.sql.rows(`INSERT INTO events VALUES ('eu', 10)`);
  await waitUntilSettled(context);
  await context.fill('event:eu:10', 'event:us:10', 'event:us:11');
  await context.sql.rows(`UPDATE events SET region = 'us' WHERE id = 10`);
  await waitUntilSettled(context);
  expect((await context.keys()).filter((key) => /event:..:1.$/.test(key))).toEqual(['event:us:11']);
});

test('a partition made while streaming belongs to the root from its first row on', async ({
  running: { context },
}) => {
  await context.fill('event:asia:1', 'event:us:150');
  await context.sql.rows(`
    CREATE TABLE events_asia PARTITION OF events FOR VALUES IN ('asia');
    INSERT INTO events VALUES ('asia', 1)`);
  await context.waitUntilGone('event:asia:1');
  await context.sql.rows(`
    BEGIN;
    CREATE TABLE events_us_high (LIKE events_us INCLUDING ALL);
    ALTER TABLE events_us ATTACH PARTITION events_us_high FOR VALUES FROM (100) TO (200);
    INSERT INTO events VALUES ('us', 150);
    COMMIT`);
  await context.waitUntilGone('event:us:150');
});

test('a table of the same name in another schema is another table', async ({ running: { context } }) => {
  await context.fill('item:1', 'archived:1');
  await context.sql.rows('INSERT INTO archive.items VALUES (1)');
  await waitUntilSettled(context);
  expect((await context.keys()).filter((key) => /^(item|archived):/.test(key))).toEqual(['item:1']);
  await context.sql.rows('INSERT INTO "Items" VALUES (1)');
  await waitUntilSettled(context);
  expect(await context.keys()).toContain('item:1');
  await context.sql.rows('INSERT INTO items VALUES (1)');
  await context.waitUntilGone('item:1');
});

test('names with dots, spaces, quotes, upper case and umlauts are told apart', async ({
  running: { context },
}) => {
  await context.fill('line:1', 'line:2', 'lower:1', 'lower:2', 'size:XL', 'size:xl');
  await context.sql.rows(`INSERT INTO "My Shop.v2"."Order ""Lines""" VALUES (1, 2, 'XL')`);
  await waitUntilSettled(context);
  expect((await context.keys()).filter((key) => /^(line|lower|size):/.test(key))).toEqual([
    'line:2',
    'lower:1',
    'size:xl',
  ]);
  await context.fill('line:1');
  await context.sql.rows('TRUNCATE "My Shop.v2"."Order ""Lines"""');
  await waitUntilSettled(context);
  expect((await context.keys()).filter((key) => /^(line|lower|size):/.test(key))).toEqual([]);
});
