import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { expect, inject, test } from 'vitest';
import { LocalPostgres } from '../support/postgres/local-postgres.ts';
import { type ServerUrls, TestContext } from '../support/test-context.ts';
import { configFolder } from './config-folder.ts';
import { ruleText } from './rule-text.ts';
import { waitUntilSettled } from './settled.ts';

const MAIN = join(import.meta.dirname, '../../cmd/main.ts');

const RULES = [
  {
    name: 'item',
    table: 'public.items',
    keys: ['item:${id}'],
    verify: { query: 'SELECT stock FROM items WHERE id = ${id}' },
  },
];

interface Outcome {
  readonly code: unknown;
  readonly output: string;
}

/** `freshet verify` as an operator runs it. */
async function verify(
  context: TestContext,
  args: readonly string[] = [],
  within = '200ms',
): Promise<Outcome> {
  await using folder = await configFolder(context, RULES);
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  execFile(
    process.execPath,
    [MAIN, 'verify', '--config', folder.join('freshet.yaml'), '--within', within, ...args],
    { env: { ...process.env, NO_COLOR: '1' } },
    (error, stdout, stderr) => resolve({ code: error?.code ?? 0, output: stdout + stderr }),
  );
  return await promise;
}

async function openContext(servers?: ServerUrls): Promise<TestContext> {
  const context = await TestContext.open(servers);
  await context.sql.rows('CREATE TABLE items (id int PRIMARY KEY, stock int)');
  await cache(context);
  return context;
}

async function cache(context: TestContext): Promise<void> {
  for (const name of ['item:1', 'item:2'])
    await context.redis.set(context.key(name), '{"stock":1}', 'PX', 60_000);
}

/** The change waits for the daemon. */
async function changeBehindSlot({ sql, slot }: TestContext): Promise<void> {
  await sql.rows('SELECT pg_create_logical_replication_slot($1, $2)', [slot, 'pgoutput']);
  await sql.rows('INSERT INTO items VALUES (1, 2)');
}

test('a slot that is missing, or is of another database, is the error that it is elsewhere', async () => {
  await using context = await openContext();
  const missing = { code: 4, output: expect.stringContaining('[SLOT_MISSING]') };
  expect(await verify(context)).toEqual(missing);
  await context.admin.rows('SELECT pg_create_logical_replication_slot($1, $2)', [context.slot, 'pgoutput']);
  try {
    expect(await verify(context)).toEqual(missing);
  } finally {
    await context.admin.rows('SELECT pg_drop_replication_slot($1)', [context.slot]);
  }
});

test('differences that nobody can decide on are no success where nothing else was compared', async () => {
  await using context = await openContext();
  await changeBehindSlot(context);
  const text = await verify(context);
  expect(text.output).toContain(
    `\n2 keys differ and are undecided: does the daemon run on slot ${context.slot}?\n`,
  );
  expect(text.output).not.toContain('nothing to compare');
  expect(text.code).toBe(11);

  const json = await verify(context, ['--output', 'json']);
  expect(json.code).toBe(11);
  expect(JSON.parse(json.output)).toMatchObject({
    ok: false,
    compared: 0,
    undecided: 2,
    ambiguous: 0,
    allKeysCompared: false,
    staleShareAtMost: 1,
  });
});

test('they are said beside those that were compared', async () => {
  await using context = await openContext();
  await changeBehindSlot(context);
  await context.redis.set(context.key('item:1'), '{"stock":2}', 'PX', 60_000);
  const { code, output } = await verify(context);
  expect(output).toContain('2 keys found, 1 compared, 0 stale, 1 undecided\n');
  expect(output).toContain(
    `\n1 key differs and is undecided: does the daemon run on slot ${context.slot}?\n`,
  );
  expect(output).toContain('1 of 1 key consistent');
  expect(code).toBe(0);
});

test('a stale key is told where the WAL ends with a segment, which no position of the stream gets past', async () => {
  // Its own server: any record that somebody else writes would lead past the end of the segment.
  await using postgres = await LocalPostgres.create();
  await using context = await openContext({ postgresUrl: postgres.url, redisUrl: inject('redisUrl') });
  await context.sql.rows('INSERT INTO items VALUES (1, 1)');
  await context.startDaemon({ rules: ruleText(context.keyPrefix, RULES) });
  await cache(context);
  await waitUntilSettled(context);
  await context.admin.rows('SELECT pg_switch_wal()');
  const { code, output } = await verify(context, [], '10s');
  expect(output).toContain('2 keys found, 2 compared, 1 stale\n');
  expect(output).toContain(`${context.key('item:2')}  rule item, there is no row`);
  expect(code).toBe(10);
});
