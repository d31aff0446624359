import { execFile } from 'node:child_process';
import { readFile, symlink, writeFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { types } from '../../cmd/types.ts';
import { TempFolder } from '../support/temp-folder.ts';
import { TestContext } from '../support/test-context.ts';
import { waitFor } from '../support/wait-for.ts';
import { ruleText } from './rule-text.ts';
import { waitUntilSettled } from './settled.ts';
import { TYPE_SAMPLES } from './type-samples.ts';

const ROOT = join(import.meta.dirname, '../..');
const TYPES = [...new Set(TYPE_SAMPLES.map(({ type }) => type))];

/** The column that holds values of a type. */
const columnOf = (type: string): string => `c${TYPES.indexOf(type)}`;

const SCHEMA = `
  CREATE TYPE mood AS ENUM ('so so', 'good');
  CREATE DOMAIN price AS numeric(10,2);
  CREATE DOMAIN serial_like AS int8 CHECK (VALUE > 0);
  CREATE TABLE forms (id int PRIMARY KEY, ${TYPES.map((type) => `${columnOf(type)} ${type}`).join(', ')});
  ALTER TABLE forms REPLICA IDENTITY FULL;
  CREATE TABLE posts (form_id int, slug text, at timestamptz, PRIMARY KEY (form_id, slug));
  INSERT INTO posts VALUES (1, 'Tee', '2026-01-02 03:04:05.120+02'), (1, 'äöü', 'infinity');`;

/** Runs `freshet types`, as the command line does. @returns what it has written */
async function generate(folder: TempFolder, postgresUrl: string | undefined): Promise<string> {
  const out = folder.join('keys.ts');
  const settings = {
    ...(postgresUrl === undefined ? {} : { postgres: { url: postgresUrl } }),
    rules: ['rules.yaml'],
  };
  await writeFile(folder.join('freshet.yaml'), JSON.stringify(settings));
  const options = { configFile: folder.join('freshet.yaml'), out, check: false };
  const output = { write: () => true };
  expect(await types(options, output)).toBe(0);
  expect(await types({ ...options, check: true }, output), 'what was written is up to date').toBe(0);
  return readFile(out, 'utf8');
}

type Builders = Readonly<Record<string, Readonly<Record<string, (row: Record<string, unknown>) => string>>>>;

/** The generated module, running. */
async function load(source: string): Promise<Builders> {
  const script = Buffer.from(stripTypeScriptTypes(source)).toString('base64');
  const module: { keys: Builders } = await import(`data:text/javascript;base64,${script}`);
  return module.keys;
}

test('generated keys are those of the daemon, byte for byte, for every type', async () => {
  await using context = await TestContext.open();
  await using folder = await TempFolder.create('types');
  await context.sql.rows(SCHEMA);
  const stream = context.key('published');
  const rules = ruleText(context.keyPrefix, [
    {
      name: 'form',
      table: 'public.forms',
      publish: { stream },
      keys: [
        ...TYPES.map((type) => `${columnOf(type)}:\${id}:\${${columnOf(type)}}`),
        { each: 'SELECT slug, at FROM posts WHERE form_id = ${id}', key: 'post:${slug|lower}:${at}' },
      ],
    },
  ]);
  await writeFile(folder.join('rules.yaml'), rules);
  await context.startDaemon({ rules });
  for (const [index, { type, value }] of TYPE_SAMPLES.entries()) {
    const insert = `INSERT INTO forms (id, ${columnOf(type)}) VALUES ($1, $2::text::${type})`;
    await context.sql.rows(insert, [index + 1, value]);
  }
  await waitUntilSettled(context);
  const published = new Set(await publishedKeys(context, stream));

  const keys = await load(await generate(folder, context.databaseUrl));
  const form = keys['form'] ?? {};
  const expected = TYPE_SAMPLES.map(({ type, key }, index) => `${columnOf(type)}:${index + 1}:${key}`);
  const posts = ['post:tee:2026-01-02 01:04:05.12+00', 'post:äöü:infinity'];
  expect([...published].toSorted()).toEqual([...expected, ...posts].toSorted());

  for (const [index, { type, given }] of TYPE_SAMPLES.entries()) {
    const build = builderOf(form, columnOf(type));
    for (const value of given) {
      const built = withoutPrefix(build({ id: index + 1, [columnOf(type)]: value }), context);
      expect(built, `${type} of ${String(value)}`).toBe(expected[index]);
    }
  }
  const post = builderOf(form, 'post');
  const built = [
    post({ slug: 'Tee', at: '2026-01-02 01:04:05.12+00' }),
    post({ slug: 'ÄÖÜ', at: 'infinity' }),
  ];
  expect(built.map((key) => withoutPrefix(key, context))).toEqual(posts);
});

test('the compiler accepts what keeps the key right and nothing else', async () => {
  await using context = await TestContext.open();
  await using folder = await TempFolder.create('types');
  await context.sql.rows(`
    CREATE TABLE things (id int8 PRIMARY KEY, "Item Id" uuid, ok bool, price numeric(10,2), at timestamptz,
                         day timestamptz(0), code bytea)`);
  const columns = ['ok', 'price', 'at', 'day', 'code'];
  const keys = [
    'thing:${id}',
    'item:${"Item Id"|md5}',
    ...columns.map((name) => `${name}:\${${name}}`),
    'homepage',
  ];
  await writeFile(folder.join('rules.yaml'), ruleText('', [{ name: 'thing', table: 'public.things', keys }]));
  await generate(folder, context.databaseUrl);
  await symlink(join(ROOT, 'node_modules'), folder.join('node_modules'));
  await writeFile(folder.join('use.ts'), USE);
  const options = ['--noEmit', '--strict', '--target', 'es2022', '--module', 'nodenext', '--types', 'node'];
  const compiler = join(ROOT, 'node_modules/typescript/bin/tsc');
  const compile = promisify(execFile)(process.execPath, [compiler, ...options, '--ignoreConfig', 'use.ts'], {
    cwd: folder.path,
  });
  await expect(compile.catch(({ stdout }: { stdout: string }) => stdout)).resolves.toMatchObject({
    stdout: '',
  });
});

const USE = `
import { keys } from './keys.js';
export const good: readonly string[] = [
  keys.thing({ id: 7n }),
  keys.thing({ id: 7 }),
  keys.thing.item({ 'Item Id': 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11' }),
  keys.thing.ok({ ok: true }),
  keys.thing.price({ price: '9.50' }),
  keys.thing.at({ at: '2026-01-02 03:04:05+00' }),
  keys.thing.day({ day: new Date() }),
  keys.thing.code({ code: new Uint8Array([1]) }),
  keys.thing.homepage(),
];
// @ts-expect-error there is no such column
keys.thing({ idd: 7n });
// @ts-expect-error nothing is cached under NULL
keys.thing({ id: null });
// @ts-expect-error a number has lost the trailing zero
keys.thing.price({ price: 9.5 });
// @ts-expect-error a Date has lost the microseconds
keys.thing.at({ at: new Date() });
// @ts-expect-error no such key
keys.thing.price2({ price: '9.50' });
`;

test('tables and columns that the catalog has not are refused by name', async () => {
  await using context = await TestContext.open();
  await using folder = await TempFolder.create('types');
  await context.sql.rows('CREATE TABLE products (id int PRIMARY KEY)');
  const rules = [
    { name: 'product', table: 'public.products', keys: ['product:${idd}'] },
    { name: 'order', table: 'public.orders', keys: ['order:${id}'] },
  ];
  await writeFile(folder.join('rules.yaml'), ruleText('', rules));
  await expect(generate(folder, context.databaseUrl)).rejects.toMatchObject({
    problems: [
      { message: 'public.products has no column idd', remedy: 'did you mean id?' },
      { message: 'there is no table public.orders' },
    ],
  });
});

async function publishedKeys(context: TestContext, stream: string): Promise<readonly string[]> {
  const entries = await waitFor(() => context.redis.xrange(stream, '-', '+'), { what: 'the stream' });
  return entries.flatMap(([, [, message = '']]) => {
    // A pattern tells that the rule was new.
    const { key }: { key?: string } = JSON.parse(message);
    return key === undefined ? [] : withoutPrefix(key, context);
  });
}

function withoutPrefix(key: string, { keyPrefix }: TestContext): string {
  return key.startsWith(keyPrefix) ? key.slice(keyPrefix.length) : key;
}

/** By its column or its words, whatever else the prefix of the test adds to its name. */
function builderOf(form: Builders[string], name: string): (row: Record<string, unknown>) => string {
  const [, build] = Object.entries(form).find(([key]) => key.toLowerCase().endsWith(name)) ?? [];
  if (build === undefined) throw new Error(`no builder for ${name} among ${Object.keys(form).join(', ')}`);
  return build;
}
