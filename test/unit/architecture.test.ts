import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

/**
 * The directions in which the code may depend, read from its import statements: the domain knows nobody, a stage no
 * other stage, a driver stays in its folder, the session alone knows the order of the stages, cmd alone the world.
 */
const ROOT = fileURLToPath(new URL('../../', import.meta.url));

interface Import {
  /** `src/session/session.ts` */
  readonly file: string;
  /** `src/domain/lsn.ts`, or a package's name as it is written. */
  readonly target: string;
  /** Gone when the types are: it makes nothing depend on anything at run time. */
  readonly isType: boolean;
}

const files = ['src', 'cmd'].flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name)),
);
const sources = new Map(files.map((file) => [file, readFileSync(join(ROOT, file), 'utf8')]));
const imports = files.flatMap(importsOf);

/** Folders of src/pipeline in the order of the data. */
const STAGES = ['capture', 'decode', 'match', 'plan', 'queue', 'ready', 'expand', 'redis', 'settle'] as const;
const stagesOnDisk = readdirSync(join(ROOT, 'src/pipeline'));

test('the imports are found at all', () => {
  expect(files.length).toBeGreaterThan(50);
  expect(imports).toContainEqual({
    file: 'src/pipeline/ready/primary-probe.ts',
    target: 'src/domain/query.ts',
    isType: true,
  });
  expect(imports).toContainEqual({ file: 'src/telemetry/logger.ts', target: 'pino', isType: false });
});

test('nothing is imported behind the back of this test', () => {
  expect(filesWith(/\b(import|require)\s*\(/)).toEqual([]);
});

test('the stages are those that are named here', () => {
  expect(stagesOnDisk.toSorted()).toEqual(STAGES.toSorted());
});

test('the domain imports nothing from outside', () => {
  expect(
    imports.filter(({ file, target }) => within(file, 'src/domain') && !within(target, 'src/domain')),
  ).toEqual([]);
});

/** Pure, and of the domain's language: what templates become, statements that are made of queries, the lease protocol. */
const LANGUAGE = ['src/template', 'src/sql', 'src/lease'] as const;

test.each(LANGUAGE)('%s is pure: the domain, the language and hashes alone', (folder) => {
  const foreign = imports.filter(
    ({ file, target }) =>
      within(file, folder) && !within(target, 'src/domain', ...LANGUAGE) && target !== 'node:crypto',
  );
  expect(foreign).toEqual([]);
});

describe('a stage', () => {
  test.each(STAGES)('%s imports no other', (stage) => {
    const own = `src/pipeline/${stage}`;
    const ours = imports.filter(({ file }) => within(file, own));
    expect(ours.length).toBeGreaterThan(0);
    expect(
      ours.filter(({ target }) => within(target, 'src') && !within(target, own, 'src/domain', ...LANGUAGE)),
    ).toEqual([]);
  });

  test.each(['decode', 'match', 'plan', 'queue', 'settle'])(
    '%s is pure: the domain, its language and itself alone',
    (stage) => {
      const own = `src/pipeline/${stage}`;
      const foreign = imports.filter(
        ({ file, target }) => within(file, own) && !within(target, own, 'src/domain', ...LANGUAGE),
      );
      expect(foreign).toEqual([]);
    },
  );
});

/** The one folder that knows a package. */
const HOMES: Readonly<Record<string, string>> = {
  pg: 'src/pipeline/capture',
  'pg-logical-replication': 'src/pipeline/capture',
  ioredis: 'src/pipeline/redis',
  convict: 'src/config',
  yaml: 'src/config',
  zod: 'src/config',
  'fastest-levenshtein': 'src/suggest',
  pino: 'src/telemetry',
  'prom-client': 'src/telemetry',
  '@bufbuild/cel': 'src/condition',
  commander: 'cmd',
};

describe('a driver stays in its folder:', () => {
  test.each(Object.entries(HOMES))('%s in %s', (driver, folder) => {
    const users = imports.filter((each) => packageOf(each) === driver);
    expect(users.length).toBeGreaterThan(0);
    expect(users.filter(({ file }) => !within(file, folder))).toEqual([]);
  });

  test('and every package that is imported has one', () => {
    const packages = new Set(imports.filter(({ target }) => !/^(src|cmd|node:)/.test(target)).map(packageOf));
    expect(packages).toEqual(new Set(Object.keys(HOMES)));
  });
});

/** Folders beside src/pipeline, and what they may know of it. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  // Explains with the daemon's own match and plan, or it would explain something else.
  'src/explain': ['src/pipeline/match', 'src/pipeline/plan'],
  // Judges facts about Redis and replicas, which only the folders of the drivers can ask for; types alone.
  'src/preflight': ['src/pipeline/redis', 'src/pipeline/capture/describe-replica.ts'],
  'src/config': [],
  'src/runtime': [],
  'src/telemetry': [],
};

test('only the session knows several stages; what others may know of one is listed, with the reason', () => {
  const outside = imports.filter(
    ({ file, target }) =>
      within(target, 'src/pipeline') && !within(file, 'src/pipeline', 'src/session', 'cmd'),
  );
  for (const { file, target } of outside) {
    const folder = file.split('/').slice(0, 2).join('/');
    expect(within(target, ...(ALLOWED[folder] ?? [])), `${file} -> ${target}`).toBe(true);
  }
  const preflight = outside.filter(({ file }) => within(file, 'src/preflight'));
  expect(preflight.filter(({ isType }) => !isType)).toEqual([]);
});

test.each(['src/config', 'src/runtime', 'src/telemetry', 'src/preflight', 'src/explain', 'src/pipeline'])(
  '%s knows nothing of the session, and nobody but cmd of cmd',
  (folder) => {
    expect(
      imports.filter(({ file, target }) => within(file, folder) && within(target, 'src/session')),
    ).toEqual([]);
    expect(imports.filter(({ file, target }) => within(file, 'src') && within(target, 'cmd'))).toEqual([]);
  },
);

test('no two folders of src import each other', () => {
  const between = imports
    .filter(({ target }) => within(target, 'src'))
    .map(({ file, target }) => `${folderOf(file)} -> ${folderOf(target)}`);
  const edges = new Set(between.filter((edge) => !/^(\S+) -> \1$/.test(edge)));
  expect(edges.size).toBeGreaterThan(20);
  expect([...edges].filter((edge) => edges.has(edge.split(' -> ').toReversed().join(' -> ')))).toEqual([]);
});

test('a position becomes one that may be confirmed in settle alone', () => {
  expect(filesWith(/\bas SettledLsn\b/)).toEqual(['src/pipeline/settle/ack-tracker.ts']);
  expect(filesWith(/\bas (unknown|never)\s+as\b/)).toEqual([
    // pg's undocumented connection, of which the driver's types know nothing.
    'src/pipeline/capture/replication-stream.ts',
  ]);
});

test('the session alone confirms', () => {
  expect(filesWith(/\.confirm\(/)).toEqual([
    // Hands on what it was told to confirm.
    'src/pipeline/capture/replication-stream.ts',
    // Of a temporary slot that nobody else reads.
    'src/session/follow-changes.ts',
    'src/session/session.ts',
  ]);
});

test('cmd alone reads environment, arguments and signals, prints, and ends the process', () => {
  const world = /\bprocess\.(env|argv|exit|exitCode|on|once|stdout|stderr|kill)\b|\bconsole\./;
  expect(filesWith(world).filter((file) => !within(file, 'cmd'))).toEqual([]);
});

test('nothing happens when a file of src is imported, but for the scripts that are run by hand', () => {
  const scripts = filesWith(/^(?!\s)(await |void |[\w.]+\()/m).filter((file) => !within(file, 'cmd'));
  expect(scripts).toEqual(['src/config/write-reference.ts']);
});

/** `src/session` */
function folderOf(path: string): string {
  return path.split('/').slice(0, 2).join('/');
}

/** `pg-logical-replication/dist/...` is the package `pg-logical-replication`. */
function packageOf({ target }: Import): string {
  return target
    .split('/')
    .slice(0, target.startsWith('@') ? 2 : 1)
    .join('/');
}

function importsOf(file: string): readonly Import[] {
  const statements = (sources.get(file) ?? '').matchAll(
    /^(?:import|export)\s+(type\s+)?((?:[^;'"]*?\s+from\s+)?)['"]([^'"]+)['"]/gm,
  );
  return [...statements].map(([, type, names = '', target = '']) => ({
    file,
    target: target.startsWith('.') ? normalize(join(dirname(file), target)) : target,
    isType: type !== undefined || areAllTypes(names),
  }));
}

/** `{ type A, type B } from` */
function areAllTypes(names: string): boolean {
  const [, inner] = /^\{([^}]*)\}/.exec(names.trim()) ?? [];
  return inner !== undefined && inner.split(',').every((name) => /^\s*(type\s|$)/.test(name));
}

function within(path: string, ...folders: readonly string[]): boolean {
  return folders.some((folder) => !relative(folder, path).startsWith('..'));
}

function filesWith(pattern: RegExp): readonly string[] {
  return files.filter((file) => pattern.test(withoutComments(sources.get(file) ?? ''))).toSorted();
}

function withoutComments(source: string): string {
  return source.replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
}
