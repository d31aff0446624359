import { writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { check } from '../../cmd/check.ts';
import { parseRules } from '../../src/config/load-rules.ts';
import type { Finding } from '../../src/domain/finding.ts';
import { QueryPool } from '../../src/pipeline/capture/query-pool.ts';
import { preflight } from '../../src/preflight/preflight.ts';
import { LocalPostgres } from '../support/postgres/local-postgres.ts';
import { POSTGRES_MAJORS } from '../support/postgres/postgres-binaries.ts';
import { LocalRedis } from '../support/redis/local-redis.ts';
import { TempFolder } from '../support/temp-folder.ts';
import { TestContext } from '../support/test-context.ts';

const REDIS = {
  kind: 'reachable',
  address: 'redis:6379',
  version: '7.0.15',
  isReplica: false,
  isCluster: false,
  maxMemoryBytes: 0,
  evictionPolicy: 'noeviction',
} as const;

/** A rule with these keys on `public.<table>`. */
function ruleText(table: string, keys: readonly string[], name = 'tested'): string {
  return [
    'apiVersion: freshet.dev/v1',
    'kind: CacheRule',
    `metadata: {name: ${name}}`,
    `spec: {table: '${table}', keys: ${JSON.stringify(keys)}}`,
  ].join('\n');
}

/** All findings of the context's database for these rules. */
async function findingsFor(context: TestContext, rules: string): Promise<readonly Finding[]> {
  await using pool = new QueryPool(context.databaseUrl);
  const { databaseUrl: url, slot, publication } = context;
  const settings = { postgres: { url, replicas: [], slot, publication, createMissing: false } };
  return await preflight(parseRules(rules, 'rules.yaml'), settings, pool.query, REDIS, []);
}

/** What only the shared server's own settings decide stays out, and what is true of every publication altered since. */
async function codesFor(context: TestContext, rules: string): Promise<readonly string[]> {
  const findings = await findingsFor(context, rules);
  const ofServer = new Set([
    'WAL_UNBOUNDED',
    'WAL_SENDER_TIMEOUT',
    'PUBLICATION_AFTER_SLOT',
    'DDL_CAPTURE_ABSENT',
  ]);
  return findings.map(({ code }) => code).filter((code) => !ofServer.has(code));
}

/** Runs each statement of a printed remedy by itself, as psql would. */
async function applyRemedy(context: TestContext, finding: Finding | undefined): Promise<void> {
  for (const statement of (finding?.remedy ?? '').split(/;$/m))
    if (statement.trim() !== '') await context.sql.rows(statement);
}

/** Publication and slot, in the right order. */
async function prepare(context: TestContext, tables: string): Promise<void> {
  await context.sql.rows(`CREATE PUBLICATION ${context.publication} FOR TABLE ${tables}`);
  await context.sql.rows(`SELECT pg_create_logical_replication_slot('${context.slot}', 'pgoutput')`);
}

interface Fault {
  readonly code: string;
  readonly tables: string;
  readonly keys?: readonly string[];
  /** Makes the publication, where it is not a plain one of table t. */
  readonly publish?: string;
}

const POSTS = 'CREATE TABLE t (id int PRIMARY KEY, tenant text NOT NULL, slug text)';

const FAULTS: Readonly<Record<string, Fault>> = {
  'a key column outside the primary key': {
    code: 'IDENTITY_LACKS_COLUMN',
    tables: POSTS,
    keys: ['t:${tenant}'],
  },
  'a nullable key column outside the primary key': {
    code: 'IDENTITY_LACKS_COLUMN',
    tables: POSTS,
    keys: ['t:${slug}'],
  },
  'partitions with the fault of their own': {
    code: 'IDENTITY_LACKS_COLUMN',
    tables: `CREATE TABLE t (id int, tenant text NOT NULL, PRIMARY KEY (id)) PARTITION BY RANGE (id);
      CREATE TABLE t_low PARTITION OF t FOR VALUES FROM (0) TO (9) PARTITION BY RANGE (id);
      CREATE TABLE "t Lowest" PARTITION OF t_low FOR VALUES FROM (0) TO (5);
      CREATE TABLE t_high PARTITION OF t FOR VALUES FROM (10) TO (99);
      ALTER TABLE t_high REPLICA IDENTITY FULL`,
    keys: ['t:${tenant}'],
  },
  'no primary key': { code: 'IDENTITY_UNUSABLE', tables: 'CREATE TABLE t (id int NOT NULL)' },
  'a deferrable primary key': {
    code: 'IDENTITY_UNUSABLE',
    tables: 'CREATE TABLE t (id int PRIMARY KEY DEFERRABLE)',
  },
  'REPLICA IDENTITY NOTHING': {
    code: 'IDENTITY_UNUSABLE',
    tables: `${POSTS}; ALTER TABLE t REPLICA IDENTITY NOTHING`,
  },
  'an identity index that was dropped': {
    code: 'IDENTITY_UNUSABLE',
    tables: `${POSTS}; CREATE UNIQUE INDEX gone ON t (id, tenant);
      ALTER TABLE t REPLICA IDENTITY USING INDEX gone; DROP INDEX gone`,
  },
  'an identity on another index': {
    code: 'IDENTITY_LACKS_COLUMN',
    tables: `${POSTS}; CREATE UNIQUE INDEX other ON t (tenant); ALTER TABLE t REPLICA IDENTITY USING INDEX other`,
  },
  'an unlogged table': {
    code: 'TABLE_UNLOGGED',
    tables: 'CREATE UNLOGGED TABLE t (id int PRIMARY KEY)',
    publish: '',
  },
  'a publication of other tables': {
    code: 'PUBLICATION_LACKS_TABLE',
    tables: `${POSTS}; CREATE TABLE other (id int PRIMARY KEY)`,
    publish: 'FOR TABLE other',
  },
  'a publication without deletes': {
    code: 'PUBLICATION_LACKS_KIND',
    tables: POSTS,
    publish: "FOR TABLE t WITH (publish = 'insert, update')",
  },
  'a publication via the root': {
    code: 'PUBLICATION_VIA_ROOT',
    tables: POSTS,
    publish: 'FOR TABLE t WITH (publish_via_partition_root)',
  },
  'a row filter': { code: 'PUBLICATION_ROW_FILTER', tables: POSTS, publish: 'FOR TABLE t WHERE (id > 5)' },
  'a column list': { code: 'PUBLICATION_COLUMN_LIST', tables: POSTS, publish: 'FOR TABLE t (id)' },
  'a table of nobody whose writes fail': {
    code: 'PUBLICATION_BREAKS_WRITES',
    tables: `${POSTS}; CREATE TABLE logs (line text)`,
    publish: 'FOR ALL TABLES',
  },
};

describe('a finding on a live server, and none after its remedy was pasted:', () => {
  test.each(Object.entries(FAULTS))('%s', async (_, { code, tables, keys = ['t:${id}'], publish }) => {
    await using context = await TestContext.open();
    await context.sql.rows(tables);
    await context.sql.rows(`CREATE PUBLICATION ${context.publication} ${publish ?? 'FOR TABLE t'}`);
    await context.sql.rows(`SELECT pg_create_logical_replication_slot('${context.slot}', 'pgoutput')`);
    const rules = ruleText('public.t', keys);

    const before = await findingsFor(context, rules);
    await applyRemedy(
      context,
      before.find((finding) => finding.code === code),
    );

    expect(before.map((finding) => finding.code)).toContain(code);
    expect(await codesFor(context, rules)).not.toContain(code);
  });

  test('a missing publication and a missing slot', async () => {
    await using context = await TestContext.open();
    await context.sql.rows(POSTS);
    const rules = ruleText('public.t', ['t:${id}']);
    const before = await findingsFor(context, rules);
    await applyRemedy(
      context,
      before.find(({ code }) => code === 'PUBLICATION_MISSING'),
    );
    await applyRemedy(
      context,
      before.find(({ code }) => code === 'SLOT_MISSING'),
    );
    expect(await codesFor(context, rules)).toEqual([]);
  });

  test('a slot of another plugin', async () => {
    await using context = await TestContext.open();
    await context.sql.rows(POSTS);
    await context.sql.rows(`CREATE PUBLICATION ${context.publication} FOR TABLE t`);
    await context.sql.rows(`SELECT pg_create_physical_replication_slot('${context.slot}')`);
    const rules = ruleText('public.t', ['t:${id}']);
    const before = await findingsFor(context, rules);
    expect(before.map(({ code }) => code)).toContain('SLOT_WRONG_PLUGIN');
    await applyRemedy(
      context,
      before.find(({ code }) => code === 'SLOT_WRONG_PLUGIN'),
    );
    expect(await codesFor(context, rules)).toEqual([]);
  });
});

describe('check', () => {
  test('knows what else a name stands for, and what was meant', async () => {
    await using context = await TestContext.open();
    await context.sql.rows(`CREATE SCHEMA "Shop"; CREATE TABLE "Shop"."Item" ("Item Id" int PRIMARY KEY);
      CREATE VIEW seen AS SELECT 1 AS id`);
    await prepare(context, '"Shop"."Item"');
    expect(await codesFor(context, ruleText('"Shop"."Item"', ['i:${"Item Id"}']))).toEqual([]);
    expect(await codesFor(context, ruleText('public.seen', ['i:${id}']))).toEqual(['TABLE_KIND']);
    const [missing] = await findingsFor(context, ruleText('public."Item"', ['i:${id}']));
    expect(missing?.message).toContain('did you mean "Shop"."Item"?');
    const [column] = await findingsFor(context, ruleText('"Shop"."Item"', ['i:${"Item id"}']));
    expect(column?.message).toContain('did you mean "Item Id"?');
  });

  test('is content with a schema publication and a partitioned table without partitions', async () => {
    await using context = await TestContext.open();
    await context.sql.rows('CREATE TABLE t (id int PRIMARY KEY) PARTITION BY RANGE (id)');
    await prepare(context, 't');
    expect(await codesFor(context, ruleText('public.t', ['t:${id}']))).toEqual([]);
    await context.sql.rows('CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (9)');
    await context.sql.rows(`DROP PUBLICATION ${context.publication}`);
    await context.sql.rows(`CREATE PUBLICATION ${context.publication} FOR TABLES IN SCHEMA public`);
    expect(await codesFor(context, ruleText('public.t', ['t:${id}']))).toEqual([]);
    expect(await codesFor(context, ruleText('public.t1', ['t:${id}']))).toContain('TABLE_IS_PARTITION');
  });

  test('sees a publication that was created after the slot', async () => {
    // Without the slots of other tests.
    await using postgres = await LocalPostgres.create({});
    await using redis = await LocalRedis.create();
    await using context = await TestContext.open({ postgresUrl: postgres.url, redisUrl: redis.url });
    await context.sql.rows(POSTS);
    await context.sql.rows(`SELECT pg_create_logical_replication_slot('${context.slot}', 'pgoutput')`);
    await context.sql.rows(`CREATE PUBLICATION ${context.publication} FOR TABLE t`);
    const findings = () => findingsFor(context, ruleText('public.t', ['t:${id}']));
    expect(await findings()).toContainEqual(expect.objectContaining({ code: 'PUBLICATION_AFTER_SLOT' }));

    // Beside another slot, a new one seems as old as that: nothing can be said.
    await context.sql.rows(`SELECT pg_copy_logical_replication_slot('${context.slot}', 'other')`);
    await context.sql.rows(`SELECT pg_drop_replication_slot('${context.slot}')`);
    await context.sql.rows(`SELECT pg_create_logical_replication_slot('${context.slot}', 'pgoutput')`);
    expect(await findings()).not.toContainEqual(expect.objectContaining({ code: 'PUBLICATION_AFTER_SLOT' }));
  });

  test('sees a slot in use', async () => {
    await using context = await TestContext.open();
    await context.sql.rows(POSTS);
    await prepare(context, 't');
    const rules = ruleText('public.t', ['t:${id}']);
    await context.startDaemon({ rules });
    expect(await codesFor(context, rules)).toEqual(['SLOT_ACTIVE']);
  });

  test.each(POSTGRES_MAJORS)(
    'finds nothing but the WAL limit and absent event triggers on a new Postgres %i',
    async (major) => {
      await using server = await LocalPostgres.create({ major });
      await using redis = await LocalRedis.create({ settings: { maxmemory: '100mb' } });
      await using context = await TestContext.open({ postgresUrl: server.url, redisUrl: redis.url });
      await context.sql.rows(
        `CREATE TABLE t (id int PRIMARY KEY, g int GENERATED ALWAYS AS (id + 1) STORED)`,
      );
      await prepare(context, 't');
      const rules = ruleText('public.t', ['t:${id}']);
      const found = (await findingsFor(context, rules)).map(({ code }) => code);
      expect(found).toEqual(['WAL_UNBOUNDED', 'DDL_CAPTURE_ABSENT']);

      await context.sql.rows('ALTER TABLE t REPLICA IDENTITY FULL');
      expect(await codesFor(context, rules)).toEqual(major >= 18 ? ['IDENTITY_GENERATED'] : []);
      const write = context.sql.rows('INSERT INTO t VALUES (1); UPDATE t SET id = 2');
      await (major >= 18 ? expect(write).rejects.toThrow('cannot update') : write);
    },
  );

  test('a role without privileges is told what it lacks', async () => {
    await using context = await TestContext.open();
    await context.sql.rows(POSTS);
    await prepare(context, 't');
    const role = `${context.database}_role`;
    await context.admin.rows(`CREATE ROLE ${role} LOGIN PASSWORD 'lowly'`);
    try {
      const url = new URL(context.databaseUrl);
      url.username = role;
      url.password = 'lowly';
      const lowly = Object.assign(Object.create(context), { databaseUrl: url.href });
      expect(await codesFor(lowly, ruleText('public.t', ['t:${id}']))).toEqual(['ROLE_LACKS_REPLICATION']);
    } finally {
      await context.admin.rows(`DROP ROLE ${role}`);
    }
  });
});

/** Runs the verb with a settings file of these servers. */
async function run(postgresUrl: string, redisUrl: string, output: 'text' | 'json') {
  await using folder = await TempFolder.create('check');
  await writeFile(folder.join('rules.yaml'), ruleText('public.t', ['t:${id}']));
  const settings = { postgres: { url: postgresUrl }, redis: { url: redisUrl }, rules: ['rules.yaml'] };
  await writeFile(folder.join('freshet.yaml'), JSON.stringify(settings));
  let text = '';
  const writer = { write: (chunk: string) => (text += chunk) !== '' };
  return { code: await check({ configFile: folder.join('freshet.yaml'), output }, writer), text };
}

describe('freshet check', () => {
  test('tells both servers that are away, and no password', async () => {
    const { code, text } = await run(
      'postgres://me:secret@127.0.0.1:1/x',
      'redis://:secret@127.0.0.1:1',
      'text',
    );
    expect(code).toBe(3);
    expect(text).toContain('POSTGRES_UNREACHABLE\n  postgres 127.0.0.1:1:');
    expect(text).toContain('REDIS_UNREACHABLE\n  redis 127.0.0.1:1: does not serve: nothing listens there');
    expect(text).toContain('2 errors, 0 warnings, 0 notes: 1 rule, 1 table\n');
    expect(text).not.toContain('secret');
  });

  test('writes JSON for scripts', async () => {
    await using context = await TestContext.open();
    const { code, text } = await run(context.databaseUrl, context.redisUrl, 'json');
    const report: unknown = JSON.parse(text);
    expect(code).toBe(3);
    expect(report).toMatchObject({ ok: false, rules: 1, tables: 1 });
    expect(report).toHaveProperty('findings[0].code', 'TABLE_MISSING');
  });

  test('warns of a Redis that evicts nothing, and refuses one without the password', async () => {
    await using context = await TestContext.open();
    await using redis = await LocalRedis.create({ settings: { maxmemory: '100mb' } });
    await using lonely = await TestContext.open({
      postgresUrl: context.databaseUrl,
      redisUrl: redis.url,
    });
    const full = await run(context.databaseUrl, redis.url, 'text');
    expect(full.text).toContain('warning REDIS_NO_EVICTION');
    await lonely.redis.config('SET', 'requirepass', 'right');
    const denied = await run(context.databaseUrl, redis.url.replace('//', '//:wrong@'), 'text');
    expect(denied.text).toContain('WRONGPASS');
    expect(denied.text).not.toContain('wrong@');
  });
});
