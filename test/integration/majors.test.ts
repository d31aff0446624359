import { expect, inject, test } from 'vitest';
import { LocalPostgres } from '../support/postgres/local-postgres.ts';
import { POSTGRES_MAJORS } from '../support/postgres/postgres-binaries.ts';
import { TestContext } from '../support/test-context.ts';
import { ruleText } from './rule-text.ts';
import { waitUntilSettled } from './settled.ts';

test.each(POSTGRES_MAJORS)('the main path works on Postgres %i', async (major) => {
  await using postgres = await LocalPostgres.create({ major });
  await using context = await TestContext.open({ postgresUrl: postgres.url, redisUrl: inject('redisUrl') });
  await context.sql.rows(`
    CREATE TABLE items (id int PRIMARY KEY, shelf int NOT NULL);
    CREATE UNIQUE INDEX items_identity ON items (id, shelf);
    ALTER TABLE items REPLICA IDENTITY USING INDEX items_identity;
    CREATE TABLE logs (day int, id int, PRIMARY KEY (day, id)) PARTITION BY RANGE (day);
    CREATE TABLE logs_first PARTITION OF logs FOR VALUES FROM (0) TO (10)`);
  const rules = ruleText(context.keyPrefix, [
    { name: 'item', table: 'public.items', keys: ['item:${id}', 'shelf:${shelf}'] },
    { name: 'log', table: 'public.logs', keys: ['log:${day}:${id}'] },
  ]);
  const cached = ['item:1', 'item:2', 'shelf:1', 'shelf:2', 'shelf:3', 'log:1:1', 'log:2:1'];
  const first = await context.startDaemon({ rules });

  const leftAfter = async (sql: string): Promise<readonly string[]> => {
    await context.fill(...cached);
    await context.sql.rows(sql);
    await waitUntilSettled(context);
    const left = new Set(await context.keys());
    return cached.filter((key) => !left.has(key));
  };
  expect(await leftAfter('INSERT INTO items VALUES (1, 1)')).toEqual(['item:1', 'shelf:1']);
  expect(await leftAfter('UPDATE items SET shelf = 2')).toEqual(['item:1', 'shelf:1', 'shelf:2']);
  expect(await leftAfter('UPDATE items SET id = 2')).toEqual(['item:1', 'item:2', 'shelf:2']);
  expect(await leftAfter('BEGIN; DELETE FROM items; ROLLBACK')).toEqual([]);
  expect(await leftAfter('DELETE FROM items')).toEqual(['item:2', 'shelf:2']);
  expect(await leftAfter('INSERT INTO logs VALUES (2, 1)')).toEqual(['log:2:1']);
  expect(await leftAfter('TRUNCATE logs_first')).toEqual(['log:1:1', 'log:2:1']);

  expect(await first.stop()).toEqual({ code: 0, signal: null });
  await context.fill('item:7', 'item:8');
  await context.sql.rows('INSERT INTO items VALUES (7, 7)');
  await context.startDaemon({ rules });
  await context.waitUntilGone('item:7');
  expect(await context.keys()).toContain('item:8');
});
