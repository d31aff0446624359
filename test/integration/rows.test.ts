import { expect } from 'vitest';
import { waitUntilSettled } from './settled.ts';
import { withDaemon } from './with-daemon.ts';

const test = withDaemon({
  schema: `
    CREATE TABLE products (id int PRIMARY KEY, name text);
    CREATE TABLE listed (id int PRIMARY KEY, category int NOT NULL);
    CREATE UNIQUE INDEX listed_identity ON listed (id, category);
    ALTER TABLE listed REPLICA IDENTITY USING INDEX listed_identity;
    CREATE TABLE orders (id int PRIMARY KEY, customer int);
    CREATE TABLE unruled (id int PRIMARY KEY);`,
  rules: [
    { name: 'product', table: 'public.products', keys: ['product:${id}'] },
    { name: 'listed', table: 'public.listed', keys: ['category:${category}:list', 'listed:${id}'] },
    { name: 'order', table: 'public.orders', keys: ['order:${id}'] },
    { name: 'order-page', table: 'public.orders', keys: ['orders:all', 'order:${id}:page'] },
    { name: 'new-order', table: 'public.orders', keys: ['new-order:${id}'], on: ['insert'] },
  ],
});

test('insert, update and delete remove the key of the row and no other', async ({ running: { context } }) => {
  await context.fill('product:1', 'product:2', 'product:10', 'other:1');
  await context.sql.rows(`INSERT INTO products VALUES (1, 'a')`);
  await context.waitUntilGone('product:1');

  await context.fill('product:1');
  await context.sql.rows(`UPDATE products SET name = 'b' WHERE id = 1`);
  await context.waitUntilGone('product:1');

  await context.fill('product:1');
  await context.sql.rows('DELETE FROM products WHERE id = 1');
  await context.waitUntilGone('product:1');

  await waitUntilSettled(context);
  expect(await context.keys()).toEqual(expect.arrayContaining(['other:1', 'product:10', 'product:2']));
});

test('COPY removes the key of every row', async ({ running: { context } }) => {
  await context.fill('product:100', 'product:101', 'product:102', 'product:103', 'product:104');
  await context.sql.rows(`COPY products (id) FROM PROGRAM 'seq 101 103'`);
  await waitUntilSettled(context);
  const left = await context.keys();
  expect(left).toContain('product:100');
  expect(left).toContain('product:104');
  expect(left.filter((key) => /product:10[123]$/.test(key))).toEqual([]);
});

test('a row that moves to another key removes it at both places', async ({ running: { context } }) => {
  await context.sql.rows('INSERT INTO listed VALUES (1, 7)');
  await waitUntilSettled(context);
  await context.fill('category:7:list', 'category:8:list', 'category:9:list', 'listed:1');
  await context.sql.rows('UPDATE listed SET category = 8 WHERE id = 1');
  await waitUntilSettled(context);
  expect((await context.keys()).filter((key) => key.startsWith('category:'))).toEqual(['category:9:list']);

  await context.fill('category:8:list');
  await context.sql.rows('DELETE FROM listed WHERE id = 1');
  await context.waitUntilGone('category:8:list');
});

test('a primary key that changes removes the old key and the new one', async ({ running: { context } }) => {
  await context.sql.rows('INSERT INTO products (id) VALUES (20)');
  await waitUntilSettled(context);
  await context.fill('product:20', 'product:21', 'product:22');
  await context.sql.rows('UPDATE products SET id = 21 WHERE id = 20');
  await waitUntilSettled(context);
  expect((await context.keys()).filter((key) => /product:2.$/.test(key))).toEqual(['product:22']);
});

test('every rule of a table applies, each to its kinds of change', async ({ running: { context } }) => {
  await context.fill('order:1', 'order:1:page', 'orders:all', 'new-order:1');
  await context.sql.rows('INSERT INTO orders VALUES (1, 1)');
  await waitUntilSettled(context);
  expect((await context.keys()).filter((key) => key.includes('order'))).toEqual([]);

  await context.fill('order:1', 'order:1:page', 'orders:all', 'new-order:1');
  await context.sql.rows('UPDATE orders SET customer = 2');
  await waitUntilSettled(context);
  expect((await context.keys()).filter((key) => key.includes('order'))).toEqual(['new-order:1']);
});

test('a change without a rule moves the position and nothing else', async ({ running: { context } }) => {
  await context.fill('unruled:1');
  await context.sql.rows('INSERT INTO unruled VALUES (1)');
  await waitUntilSettled(context);
  expect(await context.keys()).toContain('unruled:1');
});

test('metrics count changes, removed keys and those that existed', async ({
  running: { context, daemon },
}) => {
  const before = {
    changes: await daemon.metric('freshet_changes_total'),
    removed: await daemon.metric('freshet_keys_removed_total'),
    existed: await daemon.metric('freshet_keys_existed_total'),
  };
  await context.fill('product:41', 'product:42');
  await context.sql.rows('INSERT INTO products (id) VALUES (41), (42), (43)');
  await waitUntilSettled(context);
  expect((await daemon.metric('freshet_changes_total')) - before.changes).toBe(3);
  expect((await daemon.metric('freshet_keys_removed_total')) - before.removed).toBe(3);
  expect((await daemon.metric('freshet_keys_existed_total')) - before.existed).toBe(2);
});
