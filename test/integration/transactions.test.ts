import { readFile } from 'node:fs/promises';
import { expect } from 'vitest';
import { waitUntilSettled } from './settled.ts';
import { withDaemon } from './with-daemon.ts';

const MEGABYTE = 1024 * 1024;

const test = withDaemon({
  schema: `
    CREATE TABLE products (id int PRIMARY KEY, n int);
    CREATE TABLE steps (id int PRIMARY KEY);
    CREATE TABLE mixed (id int PRIMARY KEY);`,
  rules: [
    { name: 'product', table: 'public.products', keys: ['product:${id}'] },
    { name: 'step', table: 'public.steps', keys: ['step:${id}'] },
    { name: 'mixed', table: 'public.mixed', keys: ['mixed:${id}'] },
  ],
});

test('what was rolled back, also to a savepoint, touches no key', async ({ running: { context } }) => {
  await context.fill('step:1', 'step:2', 'step:3', 'step:4', 'step:5');
  await context.sql.rows('BEGIN; INSERT INTO steps VALUES (1); ROLLBACK');
  await context.sql.rows(`
    BEGIN;
    INSERT INTO steps VALUES (2);
    SAVEPOINT a; INSERT INTO steps VALUES (3);
    SAVEPOINT b; INSERT INTO steps VALUES (4); ROLLBACK TO b;
    RELEASE a;
    SAVEPOINT c; INSERT INTO steps VALUES (5); ROLLBACK TO c;
    COMMIT`);
  await waitUntilSettled(context);
  expect((await context.keys()).filter((key) => key.startsWith('step'))).toEqual([
    'step:1',
    'step:4',
    'step:5',
  ]);
});

test('an open transaction touches no key until it commits', async ({ running: { context } }) => {
  const other = await context.connect();
  await context.fill('step:10', 'step:11');
  await other.rows('BEGIN; INSERT INTO steps VALUES (10)');
  await context.sql.rows('INSERT INTO steps VALUES (11)');
  await waitUntilSettled(context);
  expect((await context.keys()).filter((key) => /step:1./.test(key))).toEqual(['step:10']);
  await other.rows('COMMIT');
  await context.waitUntilGone('step:10');
});

test('a transaction of 200,000 rows removes every key in bounded memory', async ({
  running: { context, daemon },
}) => {
  const rows = 200_000;
  await context.sql.rows(`INSERT INTO products SELECT g, 0 FROM generate_series(1, ${rows}) g`);
  await waitUntilSettled(context, 60_000);
  for (let id = 1; id <= rows; id += 10_000) {
    await context.fill(...Array.from({ length: 10_000 }, (_, i) => `product:${id + i}`));
  }
  await context.fill(`product:${rows + 1}`);
  await context.sql.rows('UPDATE products SET n = n + 1');
  await waitUntilSettled(context, 60_000);
  expect((await context.keys()).filter((key) => key.startsWith('product'))).toEqual([`product:${rows + 1}`]);
  expect((await peakMemoryBytes(daemon.pid)) / MEGABYTE).toBeLessThan(200);
});

test('small transactions between the rows of a large one go first, and the large one follows whole', async ({
  running: { context },
}) => {
  const large = await context.connect();
  const smallKeys: string[] = [];
  const largeKeys: string[] = [];
  await large.rows('BEGIN');
  for (let round = 0; round < 20; round++) {
    const firstLarge = 100_000 + round * 500;
    const small = Array.from({ length: 20 }, (_, i) => round * 20 + i);
    smallKeys.push(...small.map((id) => `mixed:${id}`));
    largeKeys.push(...Array.from({ length: 500 }, (_, i) => `mixed:${firstLarge + i}`));
    await context.fill(...smallKeys.slice(-20), ...largeKeys.slice(-500));
    await Promise.all([
      large.rows(`INSERT INTO mixed SELECT generate_series(${firstLarge}, ${firstLarge + 499})`),
      context.sql.rows(small.map((id) => `BEGIN; INSERT INTO mixed VALUES (${id}); COMMIT`).join(';')),
    ]);
  }
  const mixedKeys = async () => (await context.keys()).filter((key) => key.startsWith('mixed:'));
  await waitUntilSettled(context);
  expect(await mixedKeys()).toEqual(largeKeys.toSorted());
  await large.rows('COMMIT');
  await waitUntilSettled(context);
  expect(await mixedKeys()).toEqual([]);
});

async function peakMemoryBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}
