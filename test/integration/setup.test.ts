import { describe, expect, test } from 'vitest';
import { TestContext } from '../support/test-context.ts';
import { waitFor } from '../support/wait-for.ts';
import type { TestRule } from './rule-text.ts';
import { createRole, publishedTables, runScript, slotCount, withSetup } from './setup-run.ts';

const POSTS = 'CREATE TABLE posts (id int PRIMARY KEY, tenant text NOT NULL)';

/** Rules for these tables: `posts: 'post:${id}'`. */
function rulesFor(keys: Readonly<Record<string, string>>): readonly TestRule[] {
  return Object.entries(keys).map(([name, key]) => ({ name, table: `public.${name}`, keys: [key] }));
}

describe('freshet setup', () => {
  test('creates publication and slot, and nothing a second time', async () => {
    await using context = await TestContext.open();
    await context.sql.rows(`${POSTS}; CREATE TABLE parts (id int PRIMARY KEY) PARTITION BY RANGE (id);
      CREATE TABLE part_1 PARTITION OF parts FOR VALUES FROM (0) TO (9)`);
    const { run, text } = await withSetup(context, rulesFor({ posts: 'post:${id}', parts: 'part:${id}' }));
    expect(await run()).toBe(0);
    expect(await publishedTables(context)).toEqual(['part_1', 'posts']);
    expect(await slotCount(context)).toBe(1);
    expect(text()).toMatch(/created publication .*\ncreated slot .*clear them once/);
    expect(await run()).toBe(0);
    expect(text()).toContain('nothing to do');
  });

  test('adds the tables of new rules and takes none away', async () => {
    await using context = await TestContext.open();
    await context.sql.rows(`${POSTS}; CREATE TABLE others (id int PRIMARY KEY)`);
    await context.sql.rows(`CREATE PUBLICATION ${context.publication} FOR TABLE others`);
    const { run } = await withSetup(context, rulesFor({ posts: 'post:${id}' }));
    expect(await run()).toBe(0);
    expect(await publishedTables(context)).toEqual(['others', 'posts']);
  });

  test('publishes nothing that would make the writes of the application fail', async () => {
    await using context = await TestContext.open();
    await context.sql.rows(`${POSTS}; CREATE TABLE logs (line int)`);
    const { run, text } = await withSetup(context, rulesFor({ posts: 'post:${id}', logs: 'log:${line}' }));
    expect(await run()).toBe(3);
    expect(text()).toContain('error IDENTITY_UNUSABLE');
    expect(await publishedTables(context)).toEqual([]);
    expect(await slotCount(context)).toBe(0);
    await context.sql.rows('INSERT INTO logs VALUES (1); DELETE FROM logs');
  });

  test('names who holds up the slot, and finishes when they do', async () => {
    await using context = await TestContext.open();
    await context.sql.rows(POSTS);
    const writer = await context.connect();
    await writer.rows(`BEGIN; INSERT INTO posts VALUES (1, 'acme')`);
    const pid = await writer.value<number>('SELECT pg_backend_pid()');
    const { run, text } = await withSetup(context, rulesFor({ posts: 'post:${id}' }));
    const done = run();
    await waitFor(() => text().includes(`waits for the end of backend ${pid} (`), { what: 'the report' });
    expect(text()).not.toContain('created slot');
    await writer.rows('COMMIT');
    expect(await done).toBe(0);
    expect(text()).toContain('created slot');
  });

  test('two at once both succeed', async () => {
    await using context = await TestContext.open();
    await context.sql.rows(POSTS);
    const runs = await Promise.all(
      [1, 2, 3].map(() => withSetup(context, rulesFor({ posts: 'post:${id}' }))),
    );
    expect(await Promise.all(runs.map(({ run }) => run()))).toEqual([0, 0, 0]);
    expect(await slotCount(context)).toBe(1);
  });

  test.each(['', 'REPLICATION'])(
    'a role that may not (%s) gets the SQL for someone who may',
    async (attributes) => {
      await using context = await TestContext.open();
      await context.sql.rows(POSTS);
      const { url } = await createRole(context, attributes);
      const { run } = await withSetup(context, rulesFor({ posts: 'post:${id}' }));
      const denied: unknown = await run({ url }).catch((error: unknown) => error);
      expect(denied).toMatchObject({
        code: 'DENIED',
        remedy: expect.stringMatching(/CREATE PUBLICATION[^]*pg_create_logical_replication_slot/),
      });
      expect(JSON.stringify(denied)).not.toContain('lowly');
      expect(await publishedTables(context)).toEqual([]);
      expect(await slotCount(context)).toBe(0);
    },
  );
});

describe('freshet setup --print-sql', () => {
  test('prints what setup would run, to be pasted, with no privilege at all', async () => {
    await using context = await TestContext.open();
    await context.sql.rows(POSTS);
    const { url } = await createRole(context, '');
    const { run, text } = await withSetup(context, rulesFor({ posts: 'post:${tenant}' }));
    expect(await run({ printSql: true, url })).toBe(0);
    expect(await slotCount(context)).toBe(0);

    await runScript(context, text());
    expect(await publishedTables(context)).toEqual(['posts']);
    expect(await slotCount(context)).toBe(1);
    expect(await run()).toBe(0);
    expect(text()).toContain('nothing to do');
  });

  test.each([null, 'postgres://me:secret@127.0.0.1:1/x'])('needs no server (%s)', async (url) => {
    await using context = await TestContext.open();
    await context.sql.rows(POSTS);
    const { run, text } = await withSetup(context, rulesFor({ posts: 'post:${id}' }));
    expect(await run({ printSql: true, url })).toBe(0);
    expect(text()).not.toContain('secret');
    await runScript(context, text());
    expect(await publishedTables(context)).toEqual(['posts']);
    expect(await slotCount(context)).toBe(1);
  });
});
