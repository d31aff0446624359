import { describe, expect, test } from 'vitest';
import { parseRules } from '../../src/config/load-rules.ts';
import { RetryableError } from '../../src/domain/errors.ts';
import { QueryPool } from '../../src/pipeline/capture/query-pool.ts';
import { LOCK_LIMITS } from '../../src/preflight/setup/run-statement.ts';
import { setUp } from '../../src/preflight/setup/set-up.ts';
import { TestContext } from '../support/test-context.ts';
import { waitFor } from '../support/wait-for.ts';
import { ruleText, type TestRule } from './rule-text.ts';
import { createRole, publishedTables, runScript, slotCount, splitRoles, withSetup } from './setup-run.ts';

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
    expect(text()).toContain("SELECT pg_logical_emit_message(true, 'freshet.purge', '{}')");
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

  test('the owner of the tables publishes, and the role of the daemon makes the slot', async () => {
    await using context = await TestContext.open();
    await context.sql.rows(`${POSTS}; CREATE TABLE parts (id int PRIMARY KEY)`);
    const { ownerUrl, daemonUrl } = await splitRoles(context, 'posts', 'parts');
    const { run, text } = await withSetup(context, rulesFor({ posts: 'post:${id}' }));
    await expect(run({ url: ownerUrl })).rejects.toMatchObject({
      code: 'DENIED',
      message: expect.stringMatching(/the slot is left for the daemon's role, `freshet setup` with its URL/),
      remedy: expect.stringMatching(/pg_create_logical_replication_slot/),
    });
    // Before there is a slot, no message of a purge would reach anybody.
    expect(text()).toBe(`created publication ${context.publication}\n`);
    expect(await publishedTables(context)).toEqual(['posts']);
    expect(await slotCount(context)).toBe(0);

    expect(await run({ url: daemonUrl })).toBe(0);
    expect(text()).toMatch(/^created slot .*clear them once/m);
    expect(await slotCount(context)).toBe(1);

    const later = await withSetup(context, rulesFor({ posts: 'post:${id}', parts: 'part:${id}' }));
    expect(await later.run({ url: ownerUrl })).toBe(0);
    expect(later.text()).toMatch(/^added tables to publication .*clear them once/);
    expect(await publishedTables(context)).toEqual(['parts', 'posts']);
    expect(await later.run({ url: daemonUrl })).toBe(0);
  });

  test('gives up a lock that somebody holds for too long, says who, and succeeds afterwards', async () => {
    await using context = await TestContext.open();
    await context.sql.rows(POSTS);
    const holder = await context.connect();
    await holder.rows('BEGIN; LOCK TABLE posts IN SHARE ROW EXCLUSIVE MODE');
    const pid = await holder.value<number>('SELECT pg_backend_pid()');
    await using pool = new QueryPool(context.databaseUrl);
    const { slot, publication, databaseUrl: url } = context;
    const lines: string[] = [];
    const options = {
      rules: parseRules(ruleText('', rulesFor({ posts: 'post:${id}' })), 'rules.yaml'),
      postgres: { url, replicas: [], slot, publication, createMissing: false },
      query: pool.query,
      lockingQuery: pool.lockingQuery,
      report: (line: string) => void lines.push(line),
      limits: { briefMs: 3_000, patientMs: 3_000 },
    };
    const refused: unknown = await setUp(options).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(RetryableError);
    expect(refused).toMatchObject({
      message: expect.stringMatching(/^publication .*SQLSTATE 55P03.* 3 s: try again when that has ended/),
    });
    expect(lines).toEqual([
      expect.stringMatching(`^publication ${publication} waits for the end of backend ${pid} `),
    ]);
    await holder.rows('COMMIT');
    expect(await setUp({ ...options, limits: LOCK_LIMITS })).toMatchObject({ kind: 'done' });
    expect(await slotCount(context)).toBe(1);
  });

  test('a role that may not gets the grants for the queries of rules too', async () => {
    await using context = await TestContext.open();
    await context.sql.rows(POSTS);
    const { role, url } = await createRole(context, 'REPLICATION');
    const query = 'SELECT * FROM posts WHERE id = ${id}';
    const rule = {
      name: 'posts',
      table: 'public.posts',
      keys: ['post:${id}'],
      refresh: { query, ttl: '1h' },
    };
    const { run } = await withSetup(context, [rule]);
    const denied: unknown = await run({ url }).catch((error: unknown) => error);
    expect(denied).toMatchObject({
      code: 'DENIED',
      remedy: expect.stringMatching(new RegExp(`^GRANT SELECT ON public\\.posts TO ${role};$`, 'm')),
    });
    expect(denied).not.toMatchObject({ remedy: expect.stringContaining('no privilege on the tables') });
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
