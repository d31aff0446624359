import { describe, expect, test } from 'vitest';
import { parseRules } from '../../src/config/load-rules.ts';
import type { Finding } from '../../src/domain/finding.ts';
import { QueryPool } from '../../src/pipeline/capture/query-pool.ts';
import { checkQueries } from '../../src/preflight/checks/check-queries.ts';
import { readRuledTables } from '../../src/preflight/facts/ruled-table.ts';
import { LocalPostgres } from '../support/postgres/local-postgres.ts';
import { POSTGRES_MAJORS } from '../support/postgres/postgres-binaries.ts';
import { LocalRedis } from '../support/redis/local-redis.ts';
import { TestContext } from '../support/test-context.ts';
import { ruleText, type TestRule } from './rule-text.ts';

const SCHEMA = `
  CREATE TYPE mood AS ENUM ('good');
  CREATE DOMAIN code AS varchar(9);
  CREATE TABLE authors (id int PRIMARY KEY, c char(3), m mood, d code, tags text[], b bit(2));
  CREATE TABLE posts (id int PRIMARY KEY, author_id int, title text, body jsonb);
  CREATE SEQUENCE runs`;

function fanOut(each: string, key = 'post:${id}'): TestRule {
  return { name: 'author', table: 'public.authors', keys: [{ each, key }] };
}

function counter(spec: object, ...keys: readonly string[]): TestRule {
  return { name: 'author', table: 'public.authors', keys, counter: { ttl: '1h', ...spec } };
}

function board(score: string): TestRule {
  const sortedSet = { member: '${d}:${id}', score, ttl: '1h', always: true };
  return { name: 'author', table: 'public.authors', keys: ['author:${m}'], sortedSet };
}

function refresh(query: string, as = 'json'): TestRule {
  return refreshing({ query, as, ttl: '1h' });
}

function refreshing(read: Readonly<Record<string, unknown>>): TestRule {
  return {
    name: 'author',
    table: 'public.authors',
    keys: ['author:${id}'],
    refresh: read,
  };
}

async function findingsOf(url: string, rule: TestRule): Promise<readonly Finding[]> {
  await using pool = new QueryPool(url);
  const tables = await readRuledTables(pool.query, parseRules(ruleText('', [rule]), 'rules.yaml'));
  return await checkQueries(pool.query, tables);
}

describe.each(POSTGRES_MAJORS)('Postgres %i', (major) => {
  test('proves queries without running them', async () => {
    await using server = await LocalPostgres.create({ major });
    await using redis = await LocalRedis.create();
    await using context = await TestContext.open({ postgresUrl: server.url, redisUrl: redis.url });
    const { sql, databaseUrl } = context;
    await sql.rows(SCHEMA);

    for (const rule of [
      fanOut('SELECT id FROM posts WHERE author_id = ${id} -- all of them'),
      fanOut(`SELECT nextval('runs') AS id, \${c}, \${m}, \${d}, \${tags}[1], \${b} || B'1'`),
      fanOut('SELECT 1 AS "Odd id"', 'post:${"Odd id"}'),
      fanOut('SELECT id FROM posts', 'posts:all'),
      refresh(`SELECT nextval('runs') FROM posts WHERE author_id = \${id}`, 'string'),
      refresh('SELECT * FROM posts WHERE author_id = ${id} OR title = ${c} ORDER BY id -- newest', 'rows'),
      refresh('SELECT *, 1 AS freshet_query FROM posts WHERE id = ${id}', 'hash'),
      refreshing({ query: 'SELECT 1 AS "A b"', template: 'n: ${"A b"}', ttl: '1h' }),
      counter({ count: {} }, 'author:${id}:${c}:${m}:${d}:${tags}:${b}', 'authors'),
      counter({ sum: 'id' }, 'author:${m}'),
      board('id'),
      refresh('WITH p AS (SELECT * FROM posts) SELECT count(*) AS q FROM p', 'json'),
    ]) {
      expect(await findingsOf(databaseUrl, rule)).toEqual([]);
    }
    expect(await sql.value('SELECT is_called FROM runs')).toBe(false);

    for (const [rule, message] of [
      [fanOut('SELECT idd FROM posts WHERE author_id = ${id}', 'post:${idd}'), 'column "idd" does not exist'],
      [fanOut('SELECT id AS post FROM posts'), 'column freshet_result.id does not exist'],
      [fanOut('SELECT id FROM posts WHERE author_id = ${m}'), 'operator does not exist: integer = mood'],
      [fanOut('SELECT id FROM nowhere'), 'relation "nowhere" does not exist'],
      [
        refresh('SELECT id, title FROM posts WHERE id = ${id}', 'string'),
        'subquery must return only one column',
      ],
      [counter({ sum: 'idd' }, 'author:${m}'), 'column freshet_row.idd does not exist'],
      [counter({ sum: 'm' }, 'authors'), 'function sum(mood) does not exist'],
      [
        refreshing({ query: 'SELECT title FROM posts', template: '${titel}', ttl: '1h' }),
        'column freshet_row.titel does not exist',
      ],
      [refresh('SELECT ${id} IS NULL'), 'could not determine data type of parameter $1'],
      [refresh('SELECT 1 FROM FROM posts'), 'syntax error'],
    ] as const) {
      expect(await findingsOf(databaseUrl, rule)).toMatchObject([
        { code: 'QUERY_REFUSED', severity: 'error', message: expect.stringContaining(message) },
      ]);
    }

    const [placed] = await findingsOf(databaseUrl, refresh('SELECT id FROM nowhere WHERE id = ${id}'));
    expect(placed?.message).toMatch(/relation "nowhere" does not exist \(rules\.yaml:1:148\)$/);

    await sql.rows(`
      CREATE ROLE narrow LOGIN PASSWORD 'narrow';
      CREATE SCHEMA "Inner";
      CREATE TABLE "Inner".likes (id int)`);
    const url = new URL(databaseUrl);
    url.username = 'narrow';
    url.password = 'narrow';
    const rule = fanOut('SELECT l.id FROM posts JOIN "Inner".likes AS l USING (id)');
    const [denied] = await findingsOf(url.href, rule);
    expect(denied).toMatchObject({ code: 'QUERY_DENIED', severity: 'error' });
    expect(denied?.remedy?.split('\n')).toEqual([
      'GRANT USAGE ON SCHEMA "Inner" TO narrow;',
      'GRANT SELECT ON "Inner".likes TO narrow;',
      'GRANT SELECT ON public.posts TO narrow;',
    ]);
    await sql.rows(denied?.remedy ?? '');
    expect(await findingsOf(url.href, rule)).toEqual([]);

    await sql.rows('ALTER TABLE posts ENABLE ROW LEVEL SECURITY');
    const [filtered] = await findingsOf(url.href, rule);
    expect(filtered?.remedy).toContain('ALTER ROLE narrow BYPASSRLS;');
    await sql.rows(filtered?.remedy ?? '');
    expect(await findingsOf(url.href, rule)).toEqual([]);
  });
});
