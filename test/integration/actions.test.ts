import { randomBytes } from 'node:crypto';
import { expect } from 'vitest';
import { waitUntilSettled } from './settled.ts';
import { withDaemon } from './with-daemon.ts';

const HOUR_MS = 3_600_000;
const id = randomBytes(4).toString('hex');
const channel = `changes-${id}`;
const stream = `log-${id}`;

const test = withDaemon({
  schema: `
    CREATE TABLE products (
      id int8 PRIMARY KEY, price numeric(30, 2), live bool, name text, doc jsonb, at timestamptz, tags text[]);
    CREATE TABLE slugs (id int PRIMARY KEY, slug text);
    CREATE TABLE documents (id int PRIMARY KEY, title text, body text);
    ALTER TABLE documents ALTER body SET STORAGE EXTERNAL;
    CREATE TABLE whole (id int PRIMARY KEY, title text, body text);
    ALTER TABLE whole REPLICA IDENTITY FULL, ALTER body SET STORAGE EXTERNAL;
    CREATE TABLE news (id int, topic text, PRIMARY KEY (id, topic));
    CREATE TABLE pages (id int, slug text, PRIMARY KEY (id, slug));
    CREATE TABLE events (day int, id int, note text, PRIMARY KEY (day, id)) PARTITION BY RANGE (day);
    CREATE TABLE events_low PARTITION OF events FOR VALUES FROM (0) TO (10);
    CREATE TABLE events_high PARTITION OF events FOR VALUES FROM (10) TO (20)`,
  rules: [
    { name: 'product', table: 'public.products', keys: ['product:${id}'], set: { ttl: '1h' } },
    {
      name: 'price',
      table: 'public.products',
      keys: ['price:${id}'],
      set: { ttl: '1h', columns: ['price', 'live'] },
    },
    {
      name: 'label',
      table: 'public.products',
      keys: ['label:${id}'],
      set: { ttl: '1h', jitter: 0, template: '${name}: ${price}' },
    },
    { name: 'slug', table: 'public.slugs', keys: ['slug:${id}'], set: { ttl: '1h', template: '${slug}' } },
    { name: 'document', table: 'public.documents', keys: ['document:${id}'], set: { ttl: '1h' } },
    { name: 'document-hash', table: 'public.documents', keys: ['fields:${id}'], hash: { ttl: '1h' } },
    { name: 'whole', table: 'public.whole', keys: ['whole:${id}'], set: { ttl: '1h' } },
    {
      name: 'whole-hash',
      table: 'public.whole',
      keys: ['changed:${id}'],
      hash: { ttl: '1h', nulls: 'empty' },
    },
    { name: 'news', table: 'public.news', keys: ['topic:${topic}', 'front'], publish: { channel } },
    { name: 'news-log', table: 'public.news', keys: ['topic:${topic}'], publish: { stream, maxLength: 100 } },
    { name: 'topic-tags', table: 'public.news', keys: ['tag:${topic}'], purgeTag: {} },
    { name: 'pages', table: 'public.pages', keys: ['page:*:${slug}:*'], purgePattern: {} },
    {
      name: 'event',
      table: 'public.events',
      keys: ['event:${id}'],
      set: { ttl: '1h', columns: ['day', 'note'] },
    },
  ],
});

test('set writes the row as JSON with every digit, and takes the key along', async ({
  running: { context },
}) => {
  const { sql, redis } = context;
  await sql.rows(`INSERT INTO products VALUES
    (9007199254740993, 123456789012345678.10, true, 'a "tea" \\ ☕', '{"b": [1.50, null], "a": "x"}',
     '2026-07-01 12:00:00.5+02', '{a,"b,c"}')`);
  await waitUntilSettled(context);
  expect(await redis.get(context.key('product:9007199254740993'))).toBe(
    String.raw`{"id":9007199254740993,"price":123456789012345678.10,"live":true,"name":"a \"tea\" \\ ☕",` +
      String.raw`"doc":{"a": "x", "b": [1.50, null]},"at":"2026-07-01 10:00:00.5+00","tags":"{a,\"b,c\"}"}`,
  );
  expect(await redis.get(context.key('price:9007199254740993'))).toBe(
    '{"price":123456789012345678.10,"live":true}',
  );
  const ttl = await redis.pttl(context.key('label:9007199254740993'));
  expect(ttl).toBeLessThanOrEqual(HOUR_MS);
  expect(ttl).toBeGreaterThan(HOUR_MS - 60_000);

  await sql.rows(`UPDATE products SET id = 7, name = NULL, live = false`);
  await waitUntilSettled(context);
  expect((await context.keys()).filter((key) => /^(product|price|label):/.test(key))).toEqual([
    'price:7',
    'product:7',
  ]);
  expect(JSON.parse((await redis.get(context.key('product:7'))) ?? '')).toMatchObject({ id: 7, name: null });

  await sql.rows('DELETE FROM products');
  await waitUntilSettled(context);
  expect((await context.keys()).filter((key) => /^(product|price|label):/.test(key))).toEqual([]);
});

test('set leaves what the last of many changes in one transaction left', async ({ running: { context } }) => {
  const { sql, redis } = context;
  await sql.rows(`
    BEGIN;
    INSERT INTO slugs SELECT g, 's' || g FROM generate_series(1, 5) g;
    TRUNCATE slugs;
    INSERT INTO slugs SELECT g, 't' || g FROM generate_series(1, 3) g;
    DELETE FROM slugs WHERE id = 2;
    SAVEPOINT s;
    UPDATE slugs SET slug = 'rolled back';
    ROLLBACK TO s;
    UPDATE slugs SET id = 9 WHERE id = 3;
    UPDATE slugs SET slug = 'new' WHERE id = 1;
    COMMIT`);
  await waitUntilSettled(context);
  const keys = (await context.keys()).filter((key) => key.startsWith('slug:'));
  expect(keys).toEqual(['slug:1', 'slug:9']);
  expect(await redis.mget(keys.map((key) => context.key(key)))).toEqual(['new', 't3']);

  await sql.rows('TRUNCATE slugs');
  await waitUntilSettled(context);
  expect((await context.keys()).filter((key) => key.startsWith('slug:'))).toEqual([]);
});

test('a row that moves between partitions is written under its key', async ({ running: { context } }) => {
  const { sql, redis } = context;
  await sql.rows(`INSERT INTO events VALUES (1, 7, 'early')`);
  await sql.rows(`UPDATE events SET day = 11, note = 'late'`);
  await waitUntilSettled(context);
  expect(await redis.get(context.key('event:7'))).toBe('{"day":11,"note":"late"}');
});

test('a large value that was not sent again is not written: the key goes, the field stays', async ({
  running: { context },
}) => {
  const { sql, redis } = context;
  const body = 'x'.repeat(10_000);
  await sql.rows('INSERT INTO documents VALUES (1, $1, $2)', ['old', body]);
  await waitUntilSettled(context);
  expect(await redis.hget(context.key('fields:1'), 'body')).toBe(body);
  await sql.rows(`UPDATE documents SET title = 'new'`);
  await waitUntilSettled(context);
  expect(await redis.exists(context.key('document:1'))).toBe(0);
  expect(await redis.hgetall(context.key('fields:1'))).toEqual({ id: '1', title: 'new', body });
  await sql.rows(`UPDATE documents SET body = 'short'`);
  await waitUntilSettled(context);
  expect(await redis.get(context.key('document:1'))).toBe('{"id":1,"title":"new","body":"short"}');

  await sql.rows('INSERT INTO whole VALUES (1, $1, $2)', ['old', body]);
  await sql.rows(`UPDATE whole SET title = 'new'`);
  await waitUntilSettled(context);
  expect(await redis.get(context.key('whole:1'))).toBe(`{"id":1,"title":"new","body":"${body}"}`);
});

test('hash writes what changed and leaves the rest alone, where the old row is known', async ({
  running: { context },
}) => {
  const { sql, redis } = context;
  const key = context.key('changed:5');
  await sql.rows(`INSERT INTO whole VALUES (5, 'title', NULL)`);
  await waitUntilSettled(context);
  expect(await redis.hgetall(key)).toEqual({ id: '5', title: 'title', body: '' });
  await redis.hset(key, { title: 'by hand', extra: 'theirs' });
  await sql.rows(`UPDATE whole SET body = 'text' WHERE id = 5`);
  await waitUntilSettled(context);
  expect(await redis.hgetall(key)).toEqual({ id: '5', title: 'by hand', body: 'text', extra: 'theirs' });
  expect(await redis.pttl(key)).toBeGreaterThan(0);

  // Nobody reads it any more: an update does not bring a part of it back.
  await redis.del(key);
  await sql.rows(`UPDATE whole SET body = 'more' WHERE id = 5`);
  await waitUntilSettled(context);
  expect(await redis.exists(key)).toBe(0);

  await sql.rows(`UPDATE whole SET id = 6 WHERE id = 5`);
  await waitUntilSettled(context);
  expect(await redis.exists(key)).toBe(0);
  expect(await redis.hgetall(context.key('changed:6'))).toEqual({ id: '6', title: 'title', body: 'more' });
  await sql.rows('DELETE FROM whole WHERE id = 6');
  await waitUntilSettled(context);
  expect(await redis.exists(context.key('changed:6'))).toBe(0);
});

test('publish tells of keys and of patterns, after what it tells of', async ({ running: { context } }) => {
  const { sql, redis } = context;
  const listener = redis.duplicate();
  const heard: unknown[] = [];
  try {
    listener.on('message', (_channel, message) => heard.push(JSON.parse(message)));
    await listener.subscribe(channel);
    await sql.rows(`INSERT INTO news VALUES (1, 'tea')`);
    await waitUntilSettled(context);
    await sql.rows(`UPDATE news SET topic = 'mugs'`);
    await waitUntilSettled(context);
    await sql.rows('TRUNCATE news');
    await waitUntilSettled(context);
    await expect.poll(() => heard.length, { timeout: 10_000 }).toBe(7);
    const about = (key: string) => ({ rule: 'news', key: context.key(key) });
    expect(heard).toEqual([
      about('topic:tea'),
      about('front'),
      about('topic:tea'),
      about('topic:mugs'),
      about('front'),
      { rule: 'news', pattern: context.key('topic:*') },
      about('front'),
    ]);
    const entries = await redis.xrange(stream, '-', '+');
    expect(entries.map(([, [, message]]): unknown => JSON.parse(message ?? ''))).toEqual([
      // The rule was new.
      { rule: 'news-log', pattern: context.key('topic:*') },
      { rule: 'news-log', key: context.key('topic:tea') },
      { rule: 'news-log', key: context.key('topic:tea') },
      { rule: 'news-log', key: context.key('topic:mugs') },
      { rule: 'news-log', pattern: context.key('topic:*') },
    ]);
  } finally {
    listener.disconnect();
    await redis.del(stream);
  }
});

test('purgeTag deletes what is filed under the tag', async ({ running: { context } }) => {
  const { sql, redis } = context;
  const file = async (topic: string): Promise<void> => {
    await context.fill(`story:${topic}:1`, `story:${topic}:2`);
    await redis.sadd(
      context.key(`tag:${topic}`),
      context.key(`story:${topic}:1`),
      context.key(`story:${topic}:2`),
    );
  };
  const filed = async () => (await context.keys()).filter((key) => /^(tag|story):/.test(key));
  for (const topic of ['a', 'b', 'c']) await file(topic);
  await sql.rows(`INSERT INTO news VALUES (1, 'a')`);
  await waitUntilSettled(context);
  expect(await filed()).toEqual(['story:b:1', 'story:b:2', 'story:c:1', 'story:c:2', 'tag:b', 'tag:c']);
  await sql.rows(`UPDATE news SET topic = 'b'`);
  await waitUntilSettled(context);
  expect(await filed()).toEqual(['story:c:1', 'story:c:2', 'tag:c']);
  await sql.rows('TRUNCATE news');
  await waitUntilSettled(context);
  expect(await filed()).toEqual([]);
  await redis.del(stream);
});

test('purgePattern deletes what matches, and takes glob characters in a value for what they are', async ({
  running: { context },
}) => {
  const { sql } = context;
  const pages = async () => (await context.keys()).filter((key) => key.startsWith('page:'));
  await context.fill(
    'page:1:tea:x',
    'page:22:tea:',
    'page:tea:x',
    'page:1:mug:x',
    'page:1:t?a:x',
    'page:1:*:x',
  );
  await sql.rows(`INSERT INTO pages VALUES (1, 'tea')`);
  await waitUntilSettled(context);
  expect(await pages()).toEqual(['page:1:*:x', 'page:1:mug:x', 'page:1:t?a:x', 'page:tea:x']);
  await sql.rows(`INSERT INTO pages VALUES (2, 't?a'), (3, '*')`);
  await waitUntilSettled(context);
  expect(await pages()).toEqual(['page:1:mug:x', 'page:tea:x']);
  await sql.rows('TRUNCATE pages');
  await waitUntilSettled(context);
  expect(await pages()).toEqual(['page:tea:x']);
});
