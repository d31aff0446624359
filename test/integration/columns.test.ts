import { expect } from 'vitest';
import { waitFor } from '../support/wait-for.ts';
import { waitUntilSettled } from './settled.ts';
import { withDaemon } from './with-daemon.ts';

const test = withDaemon({
  schema: `
    CREATE TABLE grown (id int PRIMARY KEY, name text);
    CREATE TABLE shrunk (note text, id int PRIMARY KEY, size int);
    CREATE TABLE reordered (a text, code text, b text);
    ALTER TABLE reordered REPLICA IDENTITY FULL;
    CREATE TABLE renamed (id int PRIMARY KEY, n int);
    CREATE TABLE robbed (id int PRIMARY KEY, slug text NOT NULL);
    ALTER TABLE robbed REPLICA IDENTITY FULL;
    CREATE TABLE retyped (id int PRIMARY KEY);`,
  rules: [
    { name: 'grown', table: 'public.grown', keys: ['grown:${id}'] },
    { name: 'shrunk', table: 'public.shrunk', keys: ['shrunk:${id}'] },
    { name: 'reordered', table: 'public.reordered', keys: ['reordered:${code}'] },
    { name: 'renamed', table: 'public.renamed', keys: ['renamed:${id}'] },
    { name: 'robbed', table: 'public.robbed', keys: ['robbed:${slug}', 'robbed-id:${id}'] },
    { name: 'retyped', table: 'public.retyped', keys: ['retyped:${id}'] },
  ],
});

test('a column added while streaming changes no key', async ({ running: { context } }) => {
  await context.sql.rows('INSERT INTO grown VALUES (1)');
  await context.fill('grown:1', 'grown:2');
  await context.sql.rows('ALTER TABLE grown ADD COLUMN extra int DEFAULT 5');
  await context.sql.rows('UPDATE grown SET extra = 6');
  await waitUntilSettled(context);
  expect((await context.keys()).filter((key) => key.startsWith('grown'))).toEqual(['grown:2']);
});

test('a column dropped in front of the key, in the same transaction as rows, changes no key', async ({
  running: { context },
}) => {
  await context.fill('shrunk:1', 'shrunk:2', 'shrunk:3');
  await context.sql.rows(`
    BEGIN;
    INSERT INTO shrunk VALUES ('first', 1, 3);
    ALTER TABLE shrunk DROP COLUMN note;
    INSERT INTO shrunk VALUES (2, 7);
    COMMIT`);
  await waitUntilSettled(context);
  expect((await context.keys()).filter((key) => key.startsWith('shrunk'))).toEqual(['shrunk:3']);
});

test('a key column that is dropped and added again, now last, is found by its name', async ({
  running: { context },
}) => {
  await context.sql.rows(`INSERT INTO reordered VALUES ('a', 'code', 'b')`);
  await waitUntilSettled(context);
  await context.fill('reordered:a', 'reordered:b', 'reordered:new', 'reordered:other');
  await context.sql.rows(`
    ALTER TABLE reordered DROP COLUMN code;
    ALTER TABLE reordered ADD COLUMN code text;
    UPDATE reordered SET code = 'new'`);
  await waitUntilSettled(context);
  expect((await context.keys()).filter((key) => key.startsWith('reordered'))).toEqual([
    'reordered:a',
    'reordered:b',
    'reordered:other',
  ]);
});

test("a renamed table is not the rule's any more, until it has its name again", async ({
  running: { context },
}) => {
  await context.sql.rows('INSERT INTO renamed VALUES (1)');
  await waitUntilSettled(context);
  await context.fill('renamed:1');
  await context.sql.rows('ALTER TABLE renamed RENAME TO another; UPDATE another SET n = 1');
  await waitUntilSettled(context);
  expect(await context.keys()).toContain('renamed:1');
  await context.sql.rows('ALTER TABLE another RENAME TO renamed; UPDATE renamed SET n = 2');
  await context.waitUntilGone('renamed:1');
});

test('a key column that is renamed or dropped purges the template at the next row and is reported', async ({
  running: { context, daemon },
}) => {
  await context.sql.rows(`INSERT INTO robbed VALUES (1, 'one')`);
  await waitUntilSettled(context);
  await context.fill('robbed:one', 'robbed:two', 'robbed-id:1', 'robbed-id:2', 'robber:1');
  await context.sql.rows(
    `ALTER TABLE robbed RENAME slug TO path; UPDATE robbed SET path = 'two' WHERE id = 1`,
  );
  await waitUntilSettled(context);
  expect((await context.keys()).filter((key) => key.startsWith('rob'))).toEqual(['robbed-id:2', 'robber:1']);

  await context.fill('robbed:one', 'robbed-id:1');
  await context.sql.rows('ALTER TABLE robbed DROP COLUMN path; UPDATE robbed SET id = 1');
  await waitUntilSettled(context);
  expect((await context.keys()).filter((key) => key.startsWith('rob'))).toEqual(['robbed-id:2', 'robber:1']);
  const report = await waitFor(() => daemon.log.find((line) => line.includes('lacks columns')), {
    what: 'the report of the lost column',
  });
  expect(JSON.parse(report)).toMatchObject({ level: 'error', table: 'public.robbed', columns: ['slug'] });
  expect(await daemon.isReady()).toBe(true);
});

test('a column of another type goes on with its new text', async ({ running: { context } }) => {
  await context.sql.rows('INSERT INTO retyped VALUES (1)');
  await waitUntilSettled(context);
  await context.fill('retyped:id-2');
  await context.sql.rows(`
    ALTER TABLE retyped ALTER id TYPE text USING 'id-' || id;
    UPDATE retyped SET id = 'id-2'`);
  await context.waitUntilGone('retyped:id-2');
});
