import { describe, expect, test } from 'vitest';
import { parseRules } from '../../src/config/load-rules.ts';
import type { IndexStatement } from '../../src/domain/statement.ts';
import { QueryPool } from '../../src/pipeline/capture/query-pool.ts';
import { askPostgres } from '../../src/preflight/preflight.ts';
import type { MendOutcome } from '../../src/preflight/setup/apply-mends.ts';
import { runStatement } from '../../src/preflight/setup/run-statement.ts';
import { LocalPostgres } from '../support/postgres/local-postgres.ts';
import { LocalRedis } from '../support/redis/local-redis.ts';
import { TestContext } from '../support/test-context.ts';
import { waitFor } from '../support/wait-for.ts';
import { ruleText, type TestRule } from './rule-text.ts';
import { createRole, publishedTables, runScript, slotCount, splitRoles, withSetup } from './setup-run.ts';

const POSTS =
  'CREATE TABLE posts (id int PRIMARY KEY, tenant varchar(20) NOT NULL, slug text, "order" int NOT NULL DEFAULT 0)';
/** The old tenant has to be told, and the primary key does not. */
const BY_TENANT: TestRule = { name: 'post', table: 'public.posts', keys: ['post:${tenant}'] };
const BY_ID: TestRule = { name: 'post', table: 'public.posts', keys: ['post:${id}'] };

async function identityOf(context: TestContext, table: string): Promise<string> {
  return await context.sql.value(
    `SELECT coalesce((SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid = c.oid AND indisreplident),
                     relreplident::text)
     FROM pg_class c WHERE oid = $1::regclass`,
    [table],
  );
}

async function indexNames(context: TestContext): Promise<readonly string[]> {
  const rows = await context.sql.rows<{ name: string }>(
    `SELECT indexrelid::regclass::text AS name FROM pg_index WHERE indrelid = 'posts'::regclass ORDER BY 1`,
  );
  return rows.map(({ name }) => name);
}

/** Errors that `freshet check` has for Postgres. */
async function errorsOf(
  context: TestContext,
  rules: readonly TestRule[],
  url = context.databaseUrl,
): Promise<readonly string[]> {
  await using pool = new QueryPool(url);
  const { slot, publication } = context;
  const wanted = { url, slot, publication, createMissing: false };
  const findings = await askPostgres(parseRules(ruleText('', rules), 'rules.yaml'), wanted, pool.query);
  return findings.filter(({ severity }) => severity === 'error').map(({ code }) => code);
}

/** A role that owns its tables and may make a slot, but does not read all of what it owns. */
async function mendsEverything(context: TestContext): Promise<void> {
  const { role, url } = await createRole(context, 'REPLICATION');
  await context.sql.rows(`${POSTS};
    CREATE TABLE "Items" (id int PRIMARY KEY, price int);
    CREATE TABLE parts (id int, maker int NOT NULL, PRIMARY KEY (id)) PARTITION BY RANGE (id);
    CREATE TABLE part_1 PARTITION OF parts FOR VALUES FROM (0) TO (9);
    CREATE TABLE part_2 PARTITION OF parts FOR VALUES FROM (9) TO (99);
    ALTER TABLE posts OWNER TO ${role}; ALTER TABLE "Items" OWNER TO ${role}; ALTER TABLE parts OWNER TO ${role};
    ALTER TABLE part_1 OWNER TO ${role}; ALTER TABLE part_2 OWNER TO ${role};
    REVOKE SELECT ON "Items" FROM ${role};
    GRANT CREATE ON SCHEMA public TO ${role};
    CREATE PUBLICATION ${context.publication} FOR TABLE posts WITH (publish = 'insert, update');
    ALTER PUBLICATION ${context.publication} OWNER TO ${role};
    GRANT CREATE ON DATABASE ${context.database} TO ${role}`);
  const rules: readonly TestRule[] = [
    { ...BY_TENANT, keys: ['post:${tenant}:${"order"}'] },
    {
      name: 'item',
      table: 'public."Items"',
      keys: ['item:${id}'],
      refresh: { query: 'SELECT * FROM "Items" WHERE id = ${id}', ttl: '1h' },
    },
    { name: 'part', table: 'public.parts', keys: ['part:${maker}'] },
  ];
  const { run, text } = await withSetup(context, rules);

  expect(await run({ apply: true, url })).toBe(0);
  expect(text()).toMatch(/^IDENTITY_LACKS_COLUMN public\.posts: DELETE, and UPDATE.*\n {4}-- An UPDATE then/);
  expect(text()).toContain('\n  1 CREATE UNIQUE INDEX CONCURRENTLY posts_freshet_identity ON');
  expect(text()).toContain(`GRANT SELECT ON public."Items" TO ${role};`);
  const numbers = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
  expect(text().match(/^\d+ done$/gm)).toEqual(numbers.map((number) => `${number} done`));
  expect(text()).toContain('clear them once');
  expect(await identityOf(context, 'posts')).toBe('posts_freshet_identity');
  expect(await identityOf(context, 'part_2')).toBe('part_2_freshet_identity');
  expect(await publishedTables(context)).toEqual(['Items', 'part_1', 'part_2', 'posts']);
  expect(await errorsOf(context, rules, url)).toEqual([]);

  expect(await run({ apply: true, url })).toBe(0);
  expect(text()).toMatch(/^nothing to do: no finding has SQL that setup may run\n/);
  expect(text()).not.toMatch(/^\d+ (done|refused|skipped)/m);
}

describe('freshet setup --apply', () => {
  test('mends every finding that it may, and finds nothing to do afterwards', async () => {
    await using context = await TestContext.open();
    await mendsEverything(context);
  });

  test('does so on Postgres 14', async () => {
    await using server = await LocalPostgres.create({ major: 14 });
    await using redis = await LocalRedis.create();
    await using context = await TestContext.open({ postgresUrl: server.url, redisUrl: redis.url });
    await mendsEverything(context);
  });

  test('tells a role that may not whom it takes, and publishes nothing that is not mended', async () => {
    await using context = await TestContext.open();
    await context.sql.rows(`${POSTS}; CREATE PUBLICATION ${context.publication}`);
    const { url } = await createRole(context, 'REPLICATION');
    const { run, text } = await withSetup(context, [BY_TENANT]);
    expect(await run({ apply: true, url })).toBe(3);
    expect(text()).toMatch(
      /^1 refused \(SQLSTATE 42501\): this role may not: it takes the owner of the table/m,
    );
    expect(text()).toMatch(/^2 skipped: it needs statement 1$/m);
    expect(text()).toMatch(/^3 skipped: not before this is mended: IDENTITY_LACKS_COLUMN public.posts$/m);
    expect(text()).toMatch(/^4 skipped: it needs statement 3$/m);
    expect(text()).toContain('error IDENTITY_LACKS_COLUMN');
    expect(text()).not.toContain('lowly');
    expect(await publishedTables(context)).toEqual([]);
    expect(await slotCount(context)).toBe(0);
  });

  test('gives up a lock that an open transaction holds, says who, and succeeds when that has ended', async () => {
    await using context = await TestContext.open();
    await context.sql.rows(`${POSTS}; CREATE UNIQUE INDEX cover ON posts (tenant, id)`);
    const reader = await context.connect();
    await reader.rows('BEGIN; SELECT FROM posts');
    const pid = await reader.value<number>('SELECT pg_backend_pid()');
    const { run, text } = await withSetup(context, [BY_TENANT]);
    expect(await run({ apply: true })).toBe(3);
    expect(text()).toContain(`1 waits for the end of backend ${pid} (`);
    expect(text()).toMatch(/^1 refused \(SQLSTATE 55P03\): .* longer than 2 s, .*: try again when/m);
    expect(text()).toMatch(/^2 skipped: not before this is mended/m);
    expect(await publishedTables(context)).toEqual([]);

    await reader.rows('COMMIT');
    expect(await run({ apply: true })).toBe(0);
    expect(await identityOf(context, 'posts')).toBe('cover');
    expect(await publishedTables(context)).toEqual(['posts']);
  });

  test('waits for older transactions where that holds up nobody, and lets writes go on meanwhile', async () => {
    await using context = await TestContext.open();
    await context.sql.rows(POSTS);
    const writer = await context.connect();
    await writer.rows(`BEGIN; INSERT INTO posts VALUES (1, 'acme')`);
    const pid = await writer.value<number>('SELECT pg_backend_pid()');
    const { run, text } = await withSetup(context, [BY_TENANT]);
    const done = run({ apply: true });
    await waitFor(() => text().includes(`1 waits for the end of backend ${pid} (`), { what: 'the report' });
    await context.sql.rows(`INSERT INTO posts VALUES (2, 'acme')`);
    expect(text()).not.toContain('1 done');
    await writer.rows('COMMIT');
    expect(await done).toBe(0);
  });

  test('drops the index that it could not finish, and takes away what an earlier run left', async () => {
    await using context = await TestContext.open();
    await context.sql.rows(`CREATE TABLE posts (id int PRIMARY KEY, tenant text NOT NULL);
      INSERT INTO posts SELECT 1, string_agg(md5(i::text), '') FROM generate_series(1, 500) i;
      INSERT INTO posts VALUES (2, 'acme'), (3, 'acme')`);
    const { run, text } = await withSetup(context, [BY_TENANT]);
    expect(await run({ apply: true })).toBe(3);
    expect(text()).toMatch(/^1 refused \(SQLSTATE 54000\): .*; the unfinished index was dropped$/m);
    expect(await indexNames(context)).toEqual(['posts_pkey']);

    await context.sql.rows(`UPDATE posts SET tenant = 'short' WHERE id = 1`);
    const failing = context.sql.rows(
      'CREATE UNIQUE INDEX CONCURRENTLY posts_freshet_identity ON posts (tenant)',
    );
    await expect(failing).rejects.toThrow('could not create unique index');
    expect(await run({ apply: true })).toBe(0);
    expect(text()).toContain('\n  1 DROP INDEX CONCURRENTLY public.posts_freshet_identity;');
    expect(await indexNames(context)).toEqual(['posts_freshet_identity', 'posts_pkey']);
    expect(await identityOf(context, 'posts')).toBe('posts_freshet_identity');
  });

  test('leaves to an operator what is a decision, or would make the writes of other tables fail', async () => {
    await using context = await TestContext.open();
    await context.sql.rows(`${POSTS}; CREATE TABLE logs (line text); INSERT INTO logs VALUES ('a');
      CREATE PUBLICATION ${context.publication} FOR TABLE posts, logs WITH (publish = 'insert')`);
    const { run, text } = await withSetup(context, [{ ...BY_ID, set: { ttl: '1h' } }]);
    expect(await run({ apply: true })).toBe(3);
    expect(text()).toMatch(
      /error PUBLICATION_LACKS_KIND[^]*-- not before the replica identity of public\.logs is mended/,
    );
    expect(text()).toContain('info VALUE_MAY_BE_UNSENT');
    expect(await identityOf(context, 'posts')).toBe('d');
    await context.sql.rows(`UPDATE logs SET line = 'b'`);
  });

  test('leaves whole old rows and what they cost to an operator, and publishes nothing before', async () => {
    await using context = await TestContext.open();
    await context.sql.rows(`${POSTS}; CREATE TABLE logs (line text)`);
    const rules: readonly TestRule[] = [
      { name: 'post', table: 'public.posts', keys: ['post:${slug}'] },
      { name: 'log', table: 'public.logs', keys: ['log:${line}'] },
    ];
    const { run, text } = await withSetup(context, rules);
    expect(await run({ apply: true })).toBe(3);
    expect(text()).toMatch(
      /error IDENTITY_LACKS_COLUMN[^]*-- .*eleven-fold[^]*ALTER TABLE public\.posts REPLICA IDENTITY FULL;/,
    );
    expect(text()).toMatch(/^1 skipped: not before this is mended: IDENTITY_LACKS_COLUMN public\.posts and/m);
    expect(await identityOf(context, 'posts')).toBe('d');
    expect(await identityOf(context, 'logs')).toBe('d');

    expect(await run({ printSql: true })).toBe(0);
    await runScript(context, text());
    await context.sql.rows(`INSERT INTO logs VALUES ('a'); UPDATE logs SET line = 'b'`);

    await context.sql.rows('ALTER TABLE posts REPLICA IDENTITY FULL; ALTER TABLE logs REPLICA IDENTITY FULL');
    expect(await run({ apply: true })).toBe(0);
    expect(await publishedTables(context)).toEqual(['logs', 'posts']);
  });

  test('the owner of the tables mends and publishes, and leaves the slot to the role of the daemon', async () => {
    await using context = await TestContext.open();
    await context.sql.rows(`${POSTS}; CREATE PUBLICATION ${context.publication}`);
    const { ownerUrl, daemonUrl } = await splitRoles(context, 'posts');
    await context.sql.rows(`ALTER PUBLICATION ${context.publication} OWNER TO ${context.database}_owner;
      GRANT CREATE ON SCHEMA public TO ${context.database}_owner`);
    const { run, text } = await withSetup(context, [BY_TENANT]);
    expect(await run({ apply: true, url: ownerUrl })).toBe(3);
    expect(text().match(/^\d (done|skipped|refused).*$/gm)).toEqual([
      '1 done',
      '2 done',
      '3 done',
      `4 skipped: role ${context.database}_owner may not use replication slots: the slot is left for the daemon's role, \`freshet setup\` with its URL`,
    ]);
    expect(text()).toMatch(/error ROLE_LACKS_REPLICATION[^]*-- .*the owner of the tables needs it not/);
    expect(text()).not.toContain('clear them once');
    expect(await publishedTables(context)).toEqual(['posts']);

    expect(await run({ apply: true, url: daemonUrl })).toBe(0);
    expect(text().match(/^\d (done|skipped|refused).*$/gm)).toEqual(['1 done']);
    expect(text()).toContain('clear them once');
    expect(await run({ apply: true, url: ownerUrl })).toBe(0);
    expect(text()).toMatch(/^nothing to do/);
    expect(text()).not.toContain('ROLE_LACKS_REPLICATION');
  });

  test('two at once leave a mended database behind', async () => {
    await using context = await TestContext.open();
    await context.sql.rows(POSTS);
    const runs = await Promise.all([1, 2].map(() => withSetup(context, [BY_TENANT])));
    await Promise.all(runs.map(({ run }) => run({ apply: true })));
    const { run } = await withSetup(context, [BY_TENANT]);
    expect(await run({ apply: true })).toBe(0);
    expect(await errorsOf(context, [BY_TENANT])).toEqual([]);
    expect(await indexNames(context)).toEqual(['posts_freshet_identity', 'posts_pkey']);
  });

  test('writes JSON for scripts, and installs the event triggers where they are asked for', async () => {
    await using context = await TestContext.open();
    await context.sql.rows(POSTS);
    const { run, text } = await withSetup(context, [BY_TENANT]);
    expect(await run({ apply: true, ddl: true, output: 'json' })).toBe(0);
    const report: unknown = JSON.parse(text());
    expect(report).toMatchObject({
      ok: true,
      rules: 1,
      tables: 1,
      statements: [
        { number: 1, code: 'IDENTITY_LACKS_COLUMN', subject: 'public.posts', outcome: 'done' },
        { sql: 'ALTER TABLE public.posts REPLICA IDENTITY USING INDEX posts_freshet_identity;' },
        { code: 'PUBLICATION_MISSING' },
        { number: 4, code: 'SLOT_MISSING', outcome: 'done' },
      ],
    });
    expect(text()).not.toContain('DDL_CAPTURE_ABSENT');
  });
});

describe('freshet setup --print-sql', () => {
  test('prints the statements that --apply would run', async () => {
    await using context = await TestContext.open();
    await context.sql.rows(`${POSTS};
      CREATE PUBLICATION ${context.publication} FOR TABLE posts WITH (publish_via_partition_root)`);
    const { run, text } = await withSetup(context, [BY_TENANT]);
    expect(await run({ printSql: true })).toBe(0);
    await runScript(context, text());
    expect(await run({ apply: true })).toBe(0);
    expect(text()).toContain('nothing to do');
  });

  test('with --ddl: what installs the triggers, and as a comment what takes them away', async () => {
    await using context = await TestContext.open();
    await context.sql.rows(POSTS);
    const triggers = () =>
      context.sql.value("SELECT count(*)::int FROM pg_event_trigger WHERE evtname LIKE 'freshet%'");
    const { run, text } = await withSetup(context, [BY_ID]);
    expect(await run({ printSql: true, ddl: true })).toBe(0);
    const handout = text().slice(text().indexOf('BEGIN;'));
    await context.sql.rows(handout);
    expect(await triggers()).toBe(3);

    const [, removal = ''] = handout.split('-- To take them away again:\n');
    await context.sql.rows(removal.replaceAll(/^-- /gm, ''));
    expect(await triggers()).toBe(0);
  });

  test('contradicts --apply', async () => {
    await using context = await TestContext.open();
    const { run } = await withSetup(context, [BY_ID]);
    await expect(run({ printSql: true, apply: true })).rejects.toThrow('--apply: contradicts --print-sql');
    await expect(run({ output: 'json' })).rejects.toThrow('--output json');
  });
});

const CREATE: IndexStatement = {
  kind: 'create-index',
  sql: 'CREATE UNIQUE INDEX CONCURRENTLY tried ON public.posts (tenant, id);',
  table: 'public.posts',
  index: 'public.tried',
};

async function runBriefly(context: TestContext, statement: IndexStatement): Promise<MendOutcome> {
  await using pool = new QueryPool(context.databaseUrl);
  return await runStatement(statement, {
    what: '1',
    query: pool.query,
    lockingQuery: pool.lockingQuery,
    report: () => {},
    limits: { briefMs: 100, patientMs: 100 },
  });
}

describe('a statement that reached the limit of its patience', () => {
  test('names the index that it can neither finish nor drop', async () => {
    await using context = await TestContext.open();
    await context.sql.rows(POSTS);
    const writer = await context.connect();
    await writer.rows(`BEGIN; INSERT INTO posts VALUES (1, 'acme')`);
    expect(await runBriefly(context, CREATE)).toEqual({
      kind: 'refused',
      sqlState: '55P03',
      reason: expect.stringMatching(/ 0\.1 s: try again .*; the unfinished index public\.tried is left/),
    });
    await writer.rows('COMMIT');
    const drop = { ...CREATE, kind: 'drop-index', sql: 'DROP INDEX CONCURRENTLY public.tried' } as const;
    expect(await runBriefly(context, drop)).toEqual({ kind: 'done' });
    expect(await indexNames(context)).toEqual(['posts_pkey']);
  });

  test('never drops an index that somebody has finished', async () => {
    await using context = await TestContext.open();
    await context.sql.rows(`${POSTS}; CREATE INDEX tried ON posts (tenant)`);
    const drop = { ...CREATE, kind: 'drop-index', sql: 'DROP INDEX CONCURRENTLY public.tried' } as const;
    expect(await runBriefly(context, drop)).toMatchObject({ kind: 'done', note: expect.any(String) });
    expect(await runBriefly(context, CREATE)).toMatchObject({ kind: 'refused', sqlState: '42P07' });
    expect(await indexNames(context)).toEqual(['posts_pkey', 'tried']);
  });
});
