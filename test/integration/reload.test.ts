import { mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { TempFolder } from '../support/temp-folder.ts';
import { TestContext } from '../support/test-context.ts';
import { waitFor } from '../support/wait-for.ts';
import { ruleText } from './rule-text.ts';
import { waitUntilSettled } from './settled.ts';

const ONE = { name: 'one', table: 'public.one', keys: ['one:${id}'] };
const TWO = { name: 'two', table: 'public.two', keys: ['two:${id}'] };
const SCHEMA = 'CREATE TABLE one (id int PRIMARY KEY); CREATE TABLE two (id int PRIMARY KEY)';

test('a rule for a table that is not published yet comes in, and what was cached under it goes', async () => {
  await using context = await TestContext.open();
  await context.sql.rows(SCHEMA);
  const daemon = await context.startDaemon({ rules: ruleText(context.keyPrefix, [ONE]) });
  await context.fill('one:1', 'two:1', 'two:2');
  await daemon.changeRules(ruleText(context.keyPrefix, [ONE, TWO]));
  await context.waitUntilGone('two:1', 30_000);
  // What is confirmed now came after the purge, which looks at the keys of all tests, a part at a time.
  await waitUntilSettled(context, 30_000);
  expect(await context.keys()).toEqual(['one:1']);

  await waitFor(() => daemon.isReady(), { what: 'the daemon to stream again' });
  await context.fill('two:1', 'two:2');
  await context.sql.rows('INSERT INTO two VALUES (1)');
  await context.waitUntilGone('two:1');
  await context.sql.rows('INSERT INTO one VALUES (1)');
  await context.waitUntilGone('one:1');
  await waitUntilSettled(context);
  expect(await context.keys()).toEqual(['two:2']);
});

test('rules that cannot be used are refused as a whole, and the old ones go on', async () => {
  await using context = await TestContext.open();
  await context.sql.rows(SCHEMA);
  const daemon = await context.startDaemon({ rules: ruleText(context.keyPrefix, [ONE]) });
  const missing = { name: 'three', table: 'public.three', keys: ['three:${id}'] };
  for (const text of ['apiVersion: [', ruleText(context.keyPrefix, [TWO, missing])]) {
    const refused = await daemon.metric('freshet_rule_reloads_total');
    await daemon.changeRules(text);
    await waitFor(async () => (await daemon.metric('freshet_rule_reloads_total')) > refused, {
      what: 'the rules to be refused',
      deadlineMs: 30_000,
    });
    expect(await daemon.metric('freshet_rules_current')).toBe(0);
  }
  expect(daemon.log.filter((line) => line.includes('the old ones go on'))).toHaveLength(2);

  await context.fill('one:1', 'two:1');
  await context.sql.rows('INSERT INTO two VALUES (1); INSERT INTO one VALUES (1)');
  await context.waitUntilGone('one:1');
  await waitUntilSettled(context);
  expect(await context.keys()).toEqual(['two:1']);

  await daemon.changeRules(ruleText(context.keyPrefix, [ONE]));
  await waitFor(async () => (await daemon.metric('freshet_rules_current')) === 1, {
    what: 'the rules to be current again',
    deadlineMs: 30_000,
  });
});

test('rules that the database refuses come in once it is mended, and are told of once', async () => {
  await using context = await TestContext.open();
  await context.sql.rows(SCHEMA);
  await context.sql.rows(`CREATE PUBLICATION ${context.publication} FOR TABLE one`);
  await context.sql.rows(`SELECT pg_create_logical_replication_slot('${context.slot}', 'pgoutput')`);
  const settings = { 'postgres.createMissing': false };
  const daemon = await context.startDaemon({ rules: ruleText(context.keyPrefix, [ONE]), settings });
  const answer = async () => await (await fetch(`${daemon.httpUrl}/readyz`)).text();
  const refusal = `rules: refused: PUBLICATION_LACKS_TABLE publication ${context.publication}\n`;
  const isRefused = async () => (await answer()).includes('rules:');
  await daemon.changeRules(ruleText(context.keyPrefix, [ONE, TWO]));
  await waitFor(isRefused, { what: 'the rules to be refused', deadlineMs: 30_000 });
  expect(await answer()).toBe(`streaming\n${refusal}`);
  expect(await daemon.isReady()).toBe(true);

  await context.fill('two:1');
  await context.sql.rows(`ALTER PUBLICATION ${context.publication} ADD TABLE two`);
  await waitFor(async () => (await daemon.metric('freshet_rules_current')) === 1, {
    what: 'the rules to be current',
    deadlineMs: 30_000,
  });
  await context.waitUntilGone('two:1');
  expect(await isRefused()).toBe(false);

  const codes = daemon.log.flatMap((line) => line.match(/"code":"([A-Z_]+)","subject":"[^"]*"/g) ?? []);
  expect(codes.toSorted(), 'each finding once').toEqual([...new Set(codes)].toSorted());
  expect(codes.filter((code) => code.includes('SLOT_ACTIVE'))).toEqual([]);
  expect(daemon.log.filter((line) => line.includes('the old ones go on'))).toHaveLength(1);
});

test('no change is lost while rules are swapped under load', async () => {
  await using context = await TestContext.open();
  await context.sql.rows(SCHEMA);
  const daemon = await context.startDaemon({ rules: ruleText(context.keyPrefix, [ONE]) });
  const ids = Array.from({ length: 300 }, (_, index) => index + 1);
  await context.fill(...ids.map((id) => `one:${id}`));
  let swapped = false;
  const swapping = daemon.changeRules(ruleText(context.keyPrefix, [ONE, TWO])).then(async () => {
    await waitFor(async () => (await daemon.metric('freshet_rule_reloads_total')) === 1, {
      what: 'the swap',
      deadlineMs: 30_000,
    });
    swapped = true;
  });
  for (const id of ids) {
    await context.sql.rows(`INSERT INTO one VALUES (${id})`);
    // The swap falls somewhere among the rows.
    if (id === ids.length - 50) await swapping;
  }
  expect(swapped).toBe(true);
  await waitUntilSettled(context);
  expect(await context.keys()).toEqual([]);
});

test('a folder whose content is swapped by a symbolic link, as a ConfigMap is', async () => {
  await using context = await TestContext.open();
  await using folder = await TempFolder.create('config-map');
  await context.sql.rows(SCHEMA);
  for (const [version, rules] of [['v1', [ONE]] as const, ['v2', [ONE, TWO]] as const]) {
    await mkdir(folder.join(version));
    await writeFile(folder.join(`${version}/rules.yaml`), ruleText(context.keyPrefix, rules));
  }
  await symlink('v1', folder.join('..data'));
  await symlink('..data/rules.yaml', folder.join('rules.yaml'));
  await context.startDaemon({ rules: { path: folder.join('rules.yaml') } });
  await context.fill('two:1');
  await symlink('v2', folder.join('..data_tmp'));
  await rename(folder.join('..data_tmp'), folder.join('..data'));
  await context.waitUntilGone('two:1', 30_000);
});
