import { expect } from 'vitest';
import { waitFor } from '../support/wait-for.ts';
import { waitUntilSettled } from './settled.ts';
import { type Running, withDaemon } from './with-daemon.ts';

/** Long and random enough to be stored outside of its row. */
const TOAST = `(SELECT string_agg(md5(g::text), '') FROM generate_series(1, 400) g)`;

const test = withDaemon({
  schema: `
    CREATE TABLE whole (id int PRIMARY KEY, price numeric, note text, body text);
    ALTER TABLE whole REPLICA IDENTITY FULL;
    CREATE TABLE covered (id int PRIMARY KEY, price numeric NOT NULL, note text);
    CREATE UNIQUE INDEX covering ON covered (id, price);
    ALTER TABLE covered REPLICA IDENTITY USING INDEX covering;
    CREATE TABLE toasted (id int PRIMARY KEY, note text, body text NOT NULL);
    ALTER TABLE toasted REPLICA IDENTITY FULL;
    CREATE TABLE weakened (id int PRIMARY KEY, price numeric, note text);
    ALTER TABLE weakened REPLICA IDENTITY FULL;
    CREATE TABLE states (id int PRIMARY KEY, status text NOT NULL);
    ALTER TABLE states REPLICA IDENTITY FULL;
    CREATE TABLE cleared (id int PRIMARY KEY, price numeric);
    ALTER TABLE cleared REPLICA IDENTITY FULL;`,
  rules: [
    ...['whole', 'covered', 'weakened', 'cleared'].map((name) => ({
      name,
      table: `public.${name}`,
      keys: [`${name}:\${id}`],
      when: `changed('price')`,
    })),
    { name: 'toasted', table: 'public.toasted', keys: ['toasted:${id}'], when: `changed('body')` },
    {
      name: 'state',
      table: 'public.states',
      keys: ['state:${id}'],
      when: `row.status == 'published' || old.status == 'published'`,
    },
  ],
});

/** Caches the key, runs the change, and says whether the key is gone. */
async function goes({ context }: Running, key: string, sql: string): Promise<boolean> {
  await context.fill(key);
  await context.sql.rows(sql);
  await waitUntilSettled(context);
  return (await context.redis.exists(context.key(key))) === 0;
}

for (const table of ['whole', 'covered']) {
  test(`${table}: touched where the column changes, and by insert and delete`, async ({ running }) => {
    const key = `${table}:1`;
    expect(await goes(running, key, `INSERT INTO ${table} VALUES (1, 5, 'a')`)).toBe(true);
    expect(await goes(running, key, `UPDATE ${table} SET note = 'b'`)).toBe(false);
    expect(await goes(running, key, `UPDATE ${table} SET price = 5`)).toBe(false);
    expect(await goes(running, key, `UPDATE ${table} SET price = 6`)).toBe(true);
    expect(await goes(running, key, `DELETE FROM ${table}`)).toBe(true);
  });
}

test('a TOAST value that is sent unchanged has not changed', async ({ running }) => {
  await running.context.sql.rows(`INSERT INTO toasted VALUES (1, 'a', ${TOAST})`);
  await waitUntilSettled(running.context);
  expect(await goes(running, 'toasted:1', `UPDATE toasted SET note = 'b'`)).toBe(false);
  expect(await goes(running, 'toasted:1', `UPDATE toasted SET body = body || 'x'`)).toBe(true);
});

test('a row that enters and one that leaves a state', async ({ running }) => {
  await running.context.sql.rows(`INSERT INTO states VALUES (1, 'draft')`);
  await waitUntilSettled(running.context);
  expect(await goes(running, 'state:1', `UPDATE states SET status = 'review'`)).toBe(false);
  expect(await goes(running, 'state:1', `UPDATE states SET status = 'published'`)).toBe(true);
  expect(await goes(running, 'state:1', `UPDATE states SET status = 'draft'`)).toBe(true);
});

test('TRUNCATE is never filtered', async ({ running }) => {
  expect(await goes(running, 'cleared:7', 'TRUNCATE cleared')).toBe(true);
});

test('where it cannot be known the key is touched, counted and told once', async ({ running }) => {
  const { context, daemon } = running;
  await context.sql.rows(`INSERT INTO weakened VALUES (1, 5, 'a')`);
  await waitUntilSettled(context);
  expect(await daemon.metric('freshet_conditions_undecided_total')).toBe(0);
  await context.sql.rows('ALTER TABLE weakened REPLICA IDENTITY DEFAULT');
  expect(await goes(running, 'weakened:1', `UPDATE weakened SET note = 'b'`)).toBe(true);
  expect(await goes(running, 'weakened:1', `UPDATE weakened SET note = 'c'`)).toBe(true);
  expect(await daemon.metric('freshet_conditions_undecided_total')).toBe(2);
  const reports = () => daemon.log.filter((line) => line.includes('a condition cannot be decided'));
  await waitFor(() => reports().length > 0, { what: 'the report' });
  expect(reports().map((line) => JSON.parse(line))).toEqual([
    expect.objectContaining({ level: 'warn', rule: 'weakened', kind: 'untold' }),
  ]);
});
