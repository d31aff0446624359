import { createHash } from 'node:crypto';
import { expect } from 'vitest';
import { waitUntilSettled } from './settled.ts';
import { withDaemon } from './with-daemon.ts';

const test = withDaemon({
  schema: `
    CREATE TABLE pages (id int PRIMARY KEY, path text NOT NULL);
    ALTER TABLE pages REPLICA IDENTITY FULL;
    CREATE TABLE members (id int PRIMARY KEY, team text, mail text);
    ALTER TABLE members REPLICA IDENTITY FULL;`,
  rules: [
    {
      name: 'page',
      table: 'public.pages',
      keys: ['page:${path}', 'encoded:${path|urlencode}', '{page:${id}}:body', '{page:${id}}:head'],
    },
    {
      name: 'member',
      table: 'public.members',
      keys: [
        'team:${team}',
        'mail:${mail|trim|lower}',
        'shout:${mail|upper}',
        'hash:${mail|sha256}',
        'md5:${mail|md5}',
        'price:$${id}',
      ],
    },
  ],
});

test.for([
  ['unicode', 'žluťoučký/кот/猫'],
  ['an emoji with a joiner', '👩‍🚀/🏳️‍🌈'],
  ['glob characters', 'a*b?c[d]e\\f'],
  ['spaces, quotes and a line break', ` a "b" 'c'\n\td `],
  ['braces and dollars', '{x}${y}$$'],
  ['two megabytes', 'x'.repeat(2_000_000)],
] as const)('a value with %s goes into the key as it is', async ([, path], { running: { context } }) => {
  await context.fill(`page:${path}`, `encoded:${encodeURIComponent(path)}`, 'page:abc', 'page:');
  await context.sql.rows('DELETE FROM pages');
  await context.sql.rows('INSERT INTO pages VALUES (1, $1)', [path]);
  await waitUntilSettled(context);
  const left = (await context.keys()).filter((key) => /^(page|encoded):/.test(key));
  expect(left).toEqual(['page:', 'page:abc']);
});

test('hash tags stay as they are written', async ({ running: { context } }) => {
  await context.fill('{page:7}:body', '{page:7}:head', '{page:8}:head');
  await context.sql.rows(`INSERT INTO pages VALUES (7, 'seven')`);
  await waitUntilSettled(context);
  expect((await context.keys()).filter((key) => key.startsWith('{'))).toEqual(['{page:8}:head']);
});

test('filters apply from left to right', async ({ running: { context } }) => {
  const mail = '  Ann@Example.org ';
  const digest = (algorithm: string) => createHash(algorithm).update(mail).digest('hex');
  const keys = [
    'mail:ann@example.org',
    'shout:  ANN@EXAMPLE.ORG ',
    `hash:${digest('sha256')}`,
    `md5:${digest('md5')}`,
    'price:${id}',
  ];
  await context.fill(...keys, 'mail:  Ann@Example.org ', 'price:1');
  await context.sql.rows('INSERT INTO members VALUES (1, $1, $2)', ['red', mail]);
  await waitUntilSettled(context);
  const left = (await context.keys()).filter((key) => /^(mail|shout|hash|md5|price):/.test(key));
  expect(left).toEqual(['mail:  Ann@Example.org ', 'price:1']);
});

test('NULL in a key skips that key, counts it, and never writes null', async ({
  running: { context, daemon },
}) => {
  const skips = async () =>
    Number(/^freshet_effects_total\{kind="skip"\} (\d+)/m.exec(await daemon.metrics())?.[1]);
  const before = await skips();
  await context.fill('team:null', 'team:', 'team:undefined', 'mail:bob');
  await context.sql.rows(`INSERT INTO members VALUES (2, NULL, 'bob')`);
  await waitUntilSettled(context);
  expect(await skips()).toBe(before + 1);
  const left = (await context.keys()).filter((key) => /^(team|mail):/.test(key) && !key.includes('Ann'));
  expect(left).toEqual(['team:', 'team:null', 'team:undefined']);
});

test('a value that becomes NULL, and back, removes the key of the other side', async ({
  running: { context },
}) => {
  await context.sql.rows(`INSERT INTO members VALUES (3, 'blue', 'x')`);
  await waitUntilSettled(context);
  await context.fill('team:blue');
  await context.sql.rows('UPDATE members SET team = NULL WHERE id = 3');
  await context.waitUntilGone('team:blue');
  await context.fill('team:blue');
  await context.sql.rows(`UPDATE members SET team = 'blue' WHERE id = 3`);
  await context.waitUntilGone('team:blue');
});
