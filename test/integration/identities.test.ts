import { randomBytes } from 'node:crypto';
import { expect, test as independent } from 'vitest';
import { DaemonProcess } from '../support/daemon-process.ts';
import { TestContext } from '../support/test-context.ts';
import { ruleText } from './rule-text.ts';
import { waitUntilSettled } from './settled.ts';
import { withDaemon } from './with-daemon.ts';

const test = withDaemon({
  schema: `
    CREATE TABLE whole (id int PRIMARY KEY, a text, b text);
    ALTER TABLE whole REPLICA IDENTITY FULL;
    CREATE TABLE whole_docs (id int PRIMARY KEY, path text, hits int);
    ALTER TABLE whole_docs ALTER path SET STORAGE EXTERNAL, REPLICA IDENTITY FULL;
    CREATE TABLE docs (id int PRIMARY KEY, path text NOT NULL, hits int) WITH (toast_tuple_target = 128);
    ALTER TABLE docs ALTER path SET STORAGE EXTERNAL;
    CREATE UNIQUE INDEX docs_identity ON docs (id, path);
    ALTER TABLE docs REPLICA IDENTITY USING INDEX docs_identity;
    CREATE TABLE noted (id int PRIMARY KEY, note text);`,
  rules: [
    { name: 'whole', table: 'public.whole', keys: ['whole:${a}:${b}'] },
    { name: 'whole-doc', table: 'public.whole_docs', keys: ['whole-doc:${path}', 'whole-id:${id}'] },
    { name: 'doc', table: 'public.docs', keys: ['doc:${path}', 'doc-id:${id}'] },
    { name: 'noted', table: 'public.noted', keys: ['noted:${id}'] },
  ],
});

/** Text of 2,400 bytes: more than fits into a row uncut, less than the 2,704 that an index entry may have. */
function largeText(): string {
  return randomBytes(1_200).toString('hex');
}

test('REPLICA IDENTITY FULL tells every old value', async ({ running: { context } }) => {
  await context.sql.rows(`INSERT INTO whole VALUES (1, 'x', 'y')`);
  await waitUntilSettled(context);
  await context.fill('whole:x:y', 'whole:x:z', 'whole:w:y');
  await context.sql.rows(`UPDATE whole SET b = 'z'`);
  await waitUntilSettled(context);
  expect((await context.keys()).filter((key) => key.startsWith('whole:'))).toEqual(['whole:w:y']);
  await context.fill('whole:x:z');
  await context.sql.rows('DELETE FROM whole');
  await context.waitUntilGone('whole:x:z');
});

test.for([
  { table: 'docs', prefix: 'doc', identity: 'USING INDEX' },
  { table: 'whole_docs', prefix: 'whole-doc', identity: 'FULL' },
])(
  'a key from a large value that an update left alone goes, under $identity',
  async ({ table, prefix }, { running: { context, daemon } }) => {
    const path = largeText();
    await context.sql.rows(`INSERT INTO ${table} VALUES (1, $1, 0)`, [path]);
    const toast = await context.sql.value<string>(
      `SELECT reltoastrelid::regclass::text FROM pg_class WHERE relname = '${table}'`,
    );
    expect(await context.sql.value(`SELECT count(*)::int FROM ${toast}`)).toBeGreaterThan(0);
    await waitUntilSettled(context);

    await context.fill(`${prefix}:${path}`, `${prefix}:other`);
    await context.sql.rows(`UPDATE ${table} SET hits = 1`);
    await context.waitUntilGone(`${prefix}:${path}`);

    const moved = largeText();
    await context.fill(`${prefix}:${path}`, `${prefix}:${moved}`);
    await context.sql.rows(`UPDATE ${table} SET path = $1`, [moved]);
    await waitUntilSettled(context);
    await context.fill(`${prefix}:${moved}`);
    await context.sql.rows(`DELETE FROM ${table}`);
    await waitUntilSettled(context);
    const left = (await context.keys()).filter((key) => key.startsWith(`${prefix}:`));
    expect(left.map((key) => key.slice(0, 40))).toEqual([`${prefix}:other`]);
    expect(await daemon.metrics()).toContain('freshet_effects_total{kind="purge"} 0');
  },
);

test('inserts still count when somebody sets REPLICA IDENTITY NOTHING meanwhile', async ({
  running: { context },
}) => {
  await context.sql.rows('INSERT INTO noted VALUES (1)');
  await context.sql.rows('ALTER TABLE noted REPLICA IDENTITY NOTHING');
  await context.fill('noted:2', 'noted:3');
  await context.sql.rows('INSERT INTO noted VALUES (2)');
  await waitUntilSettled(context);
  expect((await context.keys()).filter((key) => key.startsWith('noted:'))).toEqual(['noted:3']);
});

test('an identity that lost a key column purges the keys of the template instead of leaving one stale', async ({
  running: { context },
}) => {
  await context.sql.rows(`INSERT INTO docs VALUES (5, 'old', 0)`);
  await waitUntilSettled(context);
  await context.sql.rows('ALTER TABLE docs REPLICA IDENTITY DEFAULT');
  await context.fill('doc:old', 'doc:new', 'doc:third', 'doc-id:5', 'doc-id:6', 'documents');
  await context.sql.rows(`UPDATE docs SET path = 'new' WHERE id = 5`);
  await waitUntilSettled(context);
  const docKeys = async () => (await context.keys()).filter((key) => key.startsWith('doc'));
  expect(await docKeys()).toEqual(['doc-id:6', 'documents']);

  await context.fill('doc:new', 'doc:third', 'doc-id:5');
  await context.sql.rows('DELETE FROM docs WHERE id = 5');
  await waitUntilSettled(context);
  expect(await docKeys()).toEqual(['doc-id:6', 'documents']);
});

independent(
  'a table with REPLICA IDENTITY NOTHING is refused before it is published, and its writes go on',
  async () => {
    await using context = await TestContext.open();
    await context.sql.rows(
      'CREATE TABLE noted (id int PRIMARY KEY, n int); ALTER TABLE noted REPLICA IDENTITY NOTHING',
    );
    const rules = ruleText(context.keyPrefix, [
      { name: 'noted', table: 'public.noted', keys: ['noted:${id}'], on: ['insert'] },
    ]);
    const daemon = context.use(await DaemonProcess.launch(context.daemonOptions({ rules })));
    expect(await daemon.exited).toMatchObject({ code: 3 });
    expect(daemon.log.join('\n')).toMatch(/public\.noted has REPLICA IDENTITY NOTHING/);
    expect(daemon.log.join('\n')).toContain('ALTER TABLE public.noted REPLICA IDENTITY');
    await context.sql.rows('INSERT INTO noted VALUES (1); UPDATE noted SET n = 1; DELETE FROM noted');
  },
);
