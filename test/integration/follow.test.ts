import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { TempFolder } from '../support/temp-folder.ts';
import { TestContext } from '../support/test-context.ts';
import { waitFor } from '../support/wait-for.ts';
import { ruleText, type TestRule } from './rule-text.ts';
import { waitUntilSettled } from './settled.ts';
import { createRole } from './setup-run.ts';

const MAIN = join(import.meta.dirname, '../../cmd/main.ts');

test('explain --follow shows changes, rules and effects as JSON lines, and touches nothing', async () => {
  await using context = await TestContext.open();
  await context.sql.rows('CREATE TABLE item (id int PRIMARY KEY, price int, note text)');
  const rules = ruleText(context.keyPrefix, [
    { name: 'item', table: 'public.item', keys: ['item:${id}'], when: 'row.price > 5' },
  ]);
  const daemon = await context.startDaemon({ rules });
  const { configFile } = daemon;
  /** Of this database: other tests may follow changes too. Without a position it is still being made. */
  const slots = () =>
    context.sql.value<number>(
      `SELECT count(*)::int FROM pg_replication_slots
        WHERE temporary AND database = current_database() AND confirmed_flush_lsn IS NOT NULL`,
    );

  const child = spawn(process.execPath, [MAIN, 'explain', '--follow', '--config', configFile], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: unknown[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(JSON.parse(line)));
  try {
    await waitFor(async () => (await slots()) === 1, { what: 'the temporary slot', deadlineMs: 30_000 });
    // The daemon stands still: what is shown is not its doing.
    daemon.kill('SIGSTOP');
    await context.fill('item:1');
    await context.sql.rows('INSERT INTO item VALUES (1, 9); UPDATE item SET price = 3');
    await waitFor(() => lines.length === 2, { what: 'two changes' });
    expect(lines).toMatchObject([
      {
        kind: 'insert',
        table: 'public.item',
        new: { id: '1', price: '9' },
        effects: [{ rule: 'item', delete: context.key('item:1') }],
      },
      { kind: 'update', effects: [] },
    ]);
    expect(lines, 'no column that no rule reads').not.toContainEqual(
      expect.objectContaining({ new: expect.objectContaining({ note: null }) }),
    );
    expect(await context.keys()).toEqual(['item:1']);
  } finally {
    daemon.kill('SIGCONT');
    child.kill('SIGINT');
    const [code] = await once(child, 'exit');
    expect(code).toBe(0);
  }
  await waitFor(async () => (await slots()) === 0, { what: 'the temporary slot to be gone' });
  await waitUntilSettled(context);
  expect(await context.keys()).toEqual([]);
});

const SCHEMA = 'CREATE TABLE item (id int PRIMARY KEY); CREATE TABLE other (id int PRIMARY KEY)';
const ITEM = { name: 'item', table: 'public.item', keys: ['item:${id}'] };
const OTHER = { name: 'other', table: 'public.other', keys: ['other:${id}'] };
const TRIED = { ...ITEM, name: 'tried', mode: 'shadow' };

/** Settings of the context, beside two files of rules. */
async function settingsOf(context: TestContext, url = context.databaseUrl): Promise<TempFolder> {
  const folder = context.use(await TempFolder.create('follow'));
  const write = (file: string, rules: readonly TestRule[]) =>
    writeFile(folder.join(file), ruleText(context.keyPrefix, rules));
  await write('rules.yaml', [ITEM, OTHER]);
  await write('tried.yaml', [TRIED, OTHER]);
  const { slot, publication, redisUrl } = context;
  const settings = { postgres: { url, slot, publication }, redis: { url: redisUrl }, rules: ['rules.yaml'] };
  await writeFile(folder.join('freshet.yaml'), JSON.stringify(settings));
  return folder;
}

test.each([
  [['-o', 'text'], /^following.*\n\S+ insert public\.item\n {2}tried \(shadow\) {2}delete \S+item:1\n$/],
  [[], /^\{[^\n]*"effects":\[\],"shadow":\[\{"delete":"\S+item:1","rule":"tried"\}\]\}\n$/],
])('--rules, --table and --output are heeded in a pipe: %j', async (flags, expected) => {
  await using context = await TestContext.open();
  await context.sql.rows(`${SCHEMA}; CREATE PUBLICATION ${context.publication} FOR TABLE item, other`);
  const folder = await settingsOf(context);
  const args = ['-c', folder.join('freshet.yaml'), '-r', folder.join('tried.yaml'), '-t', 'public.item'];
  const child = spawn(process.execPath, [MAIN, 'explain', '--follow', ...args, ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  try {
    // Without a position it is still being made.
    const slots =
      'SELECT slot_name FROM pg_replication_slots WHERE database = $1 AND active AND confirmed_flush_lsn IS NOT NULL';
    const [slot] = await waitFor(
      async () => {
        const rows = await context.sql.rows<{ slot_name: string }>(slots, [context.database]);
        return rows.length > 0 && rows;
      },
      { what: 'the stream', deadlineMs: 30_000 },
    );
    expect(slot?.slot_name).toMatch(/^freshet_explain_[0-9a-f]{16}$/);
    await context.sql.rows('INSERT INTO other VALUES (1)');
    await context.sql.rows('INSERT INTO item VALUES (1)');
    await waitFor(() => text.includes('item:1'), { what: 'the change' });
    expect(text).toMatch(expected);
  } finally {
    child.kill('SIGINT');
    await exited;
  }
});

/** Runs it to its end. @returns exit code and standard error */
async function refusal(folder: TempFolder, ...args: readonly string[]): Promise<readonly [number, string]> {
  const command = [MAIN, 'explain', '--follow', '-c', folder.join('freshet.yaml'), ...args];
  return await promisify(execFile)(process.execPath, command, { timeout: 20_000 }).then(
    () => [0, ''] as const,
    ({ code, stderr }: { code: number; stderr: string }) => [code, stderr] as const,
  );
}

test('what cannot be followed is said at once', async () => {
  await using context = await TestContext.open();
  await context.sql.rows(SCHEMA);
  const folder = await settingsOf(context);
  expect(await refusal(folder)).toEqual([
    6,
    expect.stringContaining(`publication ${context.publication} does not exist`),
  ]);
  await context.sql.rows(`CREATE PUBLICATION ${context.publication} FOR TABLE item`);
  expect(await refusal(folder)).toEqual([3, expect.stringContaining('does not publish public.other')]);
  expect(await refusal(folder, '-t', 'public.itme')).toEqual([
    2,
    expect.stringContaining('no rule is about public.itme\n    did you mean public.item?'),
  ]);
  for (const flags of [['--new', '{}'], ['--old', '{}'], ['--truncate']])
    expect(await refusal(folder, ...flags)).toEqual([
      2,
      expect.stringMatching(new RegExp(`'-f, --follow' cannot be used with option '${flags[0]}`)),
    ]);

  const { role, url } = await createRole(context, '');
  expect(await refusal(await settingsOf(context, url), '-t', 'public.item')).toEqual([
    3,
    expect.stringMatching(
      new RegExp(`role ${role} may not use replication slots[^]*ALTER ROLE "?${role}"? REPLICATION`),
    ),
  ]);
});
