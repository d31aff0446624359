import { expect } from 'vitest';
import { waitFor } from '../support/wait-for.ts';
import { waitUntilSettled } from './settled.ts';
import { type Running, withDaemon } from './with-daemon.ts';

/** Types whose text form casts, client libraries or names of types could spoil. */
const FORMS = ['b', 'n', 'at', 'c', 'bits', 'i', 'f', 'j', 'u', 'a', 'm', 'd', 'y'] as const;
const CHOSEN = FORMS.join(', ');
const FORMS_KEY = FORMS.map((column) => `\${${column}}`).join('|');

const test = withDaemon({
  schema: `
    CREATE TABLE authors (id int PRIMARY KEY, name text);
    CREATE TABLE posts (id int PRIMARY KEY, author_id int, "Slug" text);
    INSERT INTO posts SELECT g, g / 10, 'slug-' || g FROM generate_series(10, 39) g;
    CREATE TABLE moved (id int PRIMARY KEY, author_id int);
    ALTER TABLE moved REPLICA IDENTITY FULL;
    CREATE TABLE home (id int PRIMARY KEY);
    CREATE TABLE many (id int PRIMARY KEY, size int);
    ALTER TABLE many REPLICA IDENTITY FULL;
    CREATE TABLE broken (id int PRIMARY KEY);
    CREATE TABLE needed (id int PRIMARY KEY);
    CREATE TABLE slow (id int PRIMARY KEY);
    CREATE TABLE tagged (id int PRIMARY KEY);
    CREATE TYPE "Mood" AS ENUM ('so so', 'good');
    CREATE DOMAIN code AS varchar(9) CHECK (length(VALUE) > 1);
    CREATE TABLE forms (
      id int PRIMARY KEY, b bool, n numeric(9, 3), at timestamptz, c char(5), bits bit(3), i interval, f float8,
      j jsonb, u uuid, a text[], m "Mood", d code, y bytea);
    ALTER TABLE forms REPLICA IDENTITY FULL;`,
  rules: [
    {
      name: 'author',
      table: 'public.authors',
      keys: [
        { each: 'SELECT id AS post_id FROM posts WHERE author_id = ${id} -- all', key: 'post:${post_id}' },
        // The same keys by another query, with the same values.
        { each: 'SELECT id + 1000 AS post_id FROM posts WHERE author_id = ${id}', key: 'post:${post_id}' },
        { each: 'SELECT "Slug" FROM posts WHERE author_id = ${id}', key: 'slug:${"Slug"}' },
      ],
    },
    {
      name: 'moved',
      table: 'public.moved',
      keys: [
        {
          each: 'SELECT id FROM posts WHERE author_id IS NOT DISTINCT FROM ${author_id}',
          key: 'moved:${id}',
        },
      ],
    },
    { name: 'home', table: 'public.home', keys: [{ each: 'SELECT id FROM posts', key: 'home:${id}' }] },
    {
      name: 'many',
      table: 'public.many',
      keys: [{ each: 'SELECT g FROM generate_series(1, ${size}) AS g', key: 'many:${g}', maxRows: 3 }],
    },
    {
      name: 'broken',
      table: 'public.broken',
      keys: [{ each: 'SELECT id FROM needed WHERE id = ${id}', key: 'broken:${id}' }],
    },
    {
      name: 'slow',
      table: 'public.slow',
      keys: [{ each: 'SELECT 1 AS one WHERE ${id} = 1 OR pg_sleep(60) IS NULL', key: 'slow:${one}' }],
    },
    {
      name: 'tagged',
      table: 'public.tagged',
      keys: [{ each: 'SELECT ${id} + 1 AS tag', key: 'tag:${tag}' }],
      purgeTag: {},
    },
    { name: 'direct', table: 'public.forms', keys: [`forms:${FORMS_KEY}`], publish: { stream: 'direct' } },
    {
      name: 'echoed',
      table: 'public.forms',
      keys: [
        {
          each: `SELECT ${FORMS.map((column) => `\${${column}} AS ${column}`).join(', ')}`,
          key: `forms:${FORMS_KEY}`,
        },
      ],
      publish: { stream: 'echoed' },
    },
    {
      name: 'found',
      table: 'public.forms',
      keys: [{ each: `SELECT ${CHOSEN} FROM forms WHERE id = \${id}`, key: `forms:${FORMS_KEY}` }],
      publish: { stream: 'found' },
    },
  ],
});

/** The test's keys that begin so. */
async function keysOf({ context }: Running, start: string): Promise<readonly string[]> {
  return (await context.keys()).filter((key) => key.startsWith(start));
}

test('the keys that queries find go, those of other rows stay', async ({ running }) => {
  const { context } = running;
  await context.sql.rows(`INSERT INTO authors VALUES (1, 'Ann'), (2, 'Bob'), (3, 'Cy')`);
  await waitUntilSettled(context);
  await context.fill('post:10', 'post:19', 'post:1010', 'post:20', 'post:30', 'slug:slug-11', 'slug:slug-21');
  await context.sql.rows(`UPDATE authors SET name = 'Anna' WHERE id = 1; DELETE FROM authors WHERE id = 3`);
  await waitUntilSettled(context);
  expect(await keysOf(running, 'post:')).toEqual(['post:20']);
  expect(await keysOf(running, 'slug:')).toEqual(['slug:slug-21']);
});

test('a parameter that changes asks for its old and for its new value, NULL among them', async ({
  running,
}) => {
  const { context } = running;
  await context.sql.rows('INSERT INTO posts VALUES (77, NULL); INSERT INTO moved VALUES (1, 1)');
  await waitUntilSettled(context);
  await context.fill('moved:10', 'moved:20', 'moved:30', 'moved:77');
  await context.sql.rows('UPDATE moved SET author_id = 2');
  await waitUntilSettled(context);
  expect(await keysOf(running, 'moved:')).toEqual(['moved:30', 'moved:77']);
  await context.sql.rows('UPDATE moved SET author_id = NULL');
  await waitUntilSettled(context);
  expect(await keysOf(running, 'moved:')).toEqual(['moved:30']);
});

test('a query without parameters', async ({ running }) => {
  const { context } = running;
  await context.fill('home:10', 'home:5');
  await context.sql.rows('INSERT INTO home VALUES (1)');
  await waitUntilSettled(context);
  expect(await keysOf(running, 'home:')).toEqual(['home:5']);
});

test('TRUNCATE purges the keys of the template', async ({ running }) => {
  const { context } = running;
  await context.sql.rows('INSERT INTO home VALUES (2)');
  await context.fill('home:5', 'home:x');
  await context.sql.rows('TRUNCATE home');
  await waitUntilSettled(context);
  expect(await keysOf(running, 'home:')).toEqual([]);
});

test('tags that a query finds', async ({ running }) => {
  const { context } = running;
  await context.fill('member', 'stranger');
  await context.redis.sadd(context.key('tag:5'), context.key('member'));
  await context.redis.sadd(context.key('tag:6'), context.key('stranger'));
  await context.sql.rows('INSERT INTO tagged VALUES (4)');
  await waitUntilSettled(context);
  expect(await context.keys()).not.toContain('member');
  expect(await context.keys()).toEqual(expect.arrayContaining(['stranger', 'tag:6']));
});

test('more rows than maxRows purge the template, so many do not', async ({ running }) => {
  const { context, daemon } = running;
  await context.fill('many:1', 'many:3', 'many:9');
  await context.sql.rows('INSERT INTO many VALUES (1, 3), (2, 2), (3, 3)');
  await waitUntilSettled(context);
  expect(await keysOf(running, 'many:')).toEqual(['many:9']);
  expect(await daemon.metric('freshet_fan_out_overflows_total')).toBe(0);
  await context.sql.rows('INSERT INTO many VALUES (4, 4)');
  await waitUntilSettled(context);
  expect(await keysOf(running, 'many:')).toEqual([]);
  expect(await daemon.metric('freshet_fan_out_overflows_total')).toBe(1);
});

test('a query that fails purges the template with every batch and is logged once', async ({ running }) => {
  const { context, daemon } = running;
  await context.sql.rows('DROP TABLE needed');
  for (const id of [1, 2, 3]) {
    await context.fill('broken:1', 'broken:2', 'other:1');
    await context.sql.rows('INSERT INTO broken VALUES ($1)', [id]);
    await waitUntilSettled(context);
    expect(await keysOf(running, 'broken:')).toEqual([]);
  }
  expect(await context.keys()).toContain('other:1');
  expect(await daemon.metric('freshet_query_errors_total')).toBe(3);
  const reports = daemon.log.filter((line) => line.includes("a rule's query failed"));
  expect(reports.map((line) => JSON.parse(line))).toEqual([
    expect.objectContaining({
      level: 'error',
      rule: 'broken',
      err: expect.objectContaining({ code: '42P01' }),
    }),
  ]);
  expect(await daemon.isReady()).toBe(true);
});

test('a query that takes too long purges the template', async ({ running }) => {
  const { context } = running;
  await context.fill('slow:1', 'slow:2');
  await context.sql.rows('INSERT INTO slow VALUES (1)');
  await waitUntilSettled(context);
  expect(await keysOf(running, 'slow:')).toEqual(['slow:2']);
  await context.sql.rows('INSERT INTO slow VALUES (2)');
  await waitUntilSettled(context, 30_000);
  expect(await keysOf(running, 'slow:')).toEqual([]);
});

test('parameters and results have the text forms that the stream has', async ({ running: { context } }) => {
  await context.sql.rows(
    `INSERT INTO forms VALUES (1, true, 9.5, '2026-07-01 12:00:00.25+02', 'ab', B'101', '1 day 2 hours', 0.1,
       '{"b":1, "a":[true]}', 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', '{"x,y",NULL,"z\\""}', 'so so', 'zz', '\\xdead')`,
  );
  const keysIn = async (stream: string): Promise<readonly string[]> => {
    const entries = await context.redis.xrange(stream, '-', '+');
    return (
      entries
        .map(([, [, message = '']]) => message)
        .filter((message) => message.includes(context.keyPrefix))
        // A pattern tells that the rule was new.
        .flatMap((message): readonly string[] => JSON.parse(message).key ?? [])
    );
  };
  await waitUntilSettled(context);
  const direct = await waitFor(async () => (await keysIn('direct')).length === 1 && keysIn('direct'), {
    what: 'the message of the direct rule',
  });
  expect(direct[0]).toContain('|9.500|2026-07-01 10:00:00.25+00|ab   |101|');
  expect(await keysIn('echoed')).toEqual(direct);
  expect(await keysIn('found')).toEqual(direct);
  await context.redis.unlink('direct', 'echoed', 'found');
});
