import { expect } from 'vitest';
import { waitUntilSettled } from './settled.ts';
import { withDaemon } from './with-daemon.ts';

const test = withDaemon({
  schema: `
    CREATE TABLE products (id int PRIMARY KEY);
    CREATE TABLE odd (id int PRIMARY KEY);
    CREATE TABLE constants (id int PRIMARY KEY);
    CREATE TABLE authors (id int PRIMARY KEY);
    CREATE TABLE books (id int PRIMARY KEY, author int REFERENCES authors);
    CREATE TABLE metrics (day int, id int, PRIMARY KEY (day, id)) PARTITION BY RANGE (day);
    CREATE TABLE metrics_low PARTITION OF metrics FOR VALUES FROM (0) TO (10);
    CREATE TABLE metrics_high PARTITION OF metrics FOR VALUES FROM (10) TO (20);`,
  rules: [
    { name: 'product', table: 'public.products', keys: ['product:${id}', '{p:${id}}:page'] },
    { name: 'odd', table: 'public.odd', keys: ['odd*[a-z]?\\x:${id}:end'] },
    { name: 'constant', table: 'public.constants', keys: ['home*page'] },
    { name: 'author', table: 'public.authors', keys: ['author:${id}'] },
    { name: 'book', table: 'public.books', keys: ['book:${id}'] },
    { name: 'metric', table: 'public.metrics', keys: ['metric:${day}:${id}'] },
    { name: 'untouched', table: 'public.products', keys: ['row:${id}'], on: ['insert', 'update', 'delete'] },
  ],
});

test('purges what a template of the rule can yield and nothing else', async ({ running: { context } }) => {
  const cached = Array.from({ length: 3_000 }, (_, id) => `product:${id}`);
  await context.fill(...cached, '{p:1}:page', '{p:2}:other', 'products:1', 'myproduct:1', 'row:1');
  await context.sql.rows('TRUNCATE products');
  await waitUntilSettled(context);
  expect(await context.keys()).toEqual(['myproduct:1', 'products:1', 'row:1', '{p:2}:other']);
});

test('glob characters in the literal part of a template mean themselves', async ({
  running: { context },
}) => {
  await context.fill(
    'odd*[a-z]?\\x:1:end',
    'odd*[a-z]?\\x:1:END',
    'odd--b-x:1:end',
    'oddity*[a-z]?\\x:1:end',
  );
  await context.sql.rows('TRUNCATE odd');
  await waitUntilSettled(context);
  expect((await context.keys()).filter((key) => key.startsWith('odd'))).toEqual([
    'odd*[a-z]?\\x:1:END',
    'odd--b-x:1:end',
    'oddity*[a-z]?\\x:1:end',
  ]);
});

test('a constant key goes alone', async ({ running: { context } }) => {
  await context.fill('home*page', 'home-page');
  await context.sql.rows('TRUNCATE constants');
  await waitUntilSettled(context);
  expect((await context.keys()).filter((key) => key.startsWith('home'))).toEqual(['home-page']);
});

test('CASCADE purges the keys of the tables that it reaches', async ({ running: { context } }) => {
  await context.fill('author:1', 'book:1', 'bookshelf:1');
  await context.sql.rows('TRUNCATE authors CASCADE');
  await waitUntilSettled(context);
  expect((await context.keys()).filter((key) => /^(author|book)/.test(key))).toEqual(['bookshelf:1']);
});

test.for(['TRUNCATE metrics', 'TRUNCATE metrics_high'])(
  '%s purges the keys of the partitioned table',
  async (truncate, { running: { context } }) => {
    await context.fill('metric:1:1', 'metric:11:1', 'meter:1');
    await context.sql.rows(truncate);
    await waitUntilSettled(context);
    expect((await context.keys()).filter((key) => key.startsWith('met'))).toEqual(['meter:1']);
  },
);

test('in one transaction with inserts before and after, both are gone', async ({ running: { context } }) => {
  await context.fill('product:1', 'product:2', 'product:3', 'row:1', 'row:2', 'row:3');
  await context.sql.rows(`
    BEGIN; INSERT INTO products VALUES (1); TRUNCATE products; INSERT INTO products VALUES (2); COMMIT`);
  await waitUntilSettled(context);
  expect((await context.keys()).filter((key) => /^(product:|row:)/.test(key))).toEqual(['row:3']);
});

test('a TRUNCATE that was rolled back purges nothing', async ({ running: { context } }) => {
  await context.fill('product:1', 'author:1');
  await context.sql.rows('BEGIN; TRUNCATE products; TRUNCATE authors CASCADE; ROLLBACK');
  await waitUntilSettled(context);
  expect(await context.keys()).toEqual(expect.arrayContaining(['author:1', 'product:1']));
});
