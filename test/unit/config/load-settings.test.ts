import { describe, expect, test } from 'vitest';
import { loadRuleFiles, loadSettings } from '../../../src/config/load-settings.ts';
import { problemsOf } from './problems-of.ts';
import { TemporaryFolder } from './temporary-folder.ts';

const URLS = 'postgres: {url: postgres://db/shop}\nredis: {url: redis://cache}\n';

function settingsOf(yaml: string, env: Record<string, string> = {}): ReturnType<typeof loadSettings> {
  using folder = new TemporaryFolder({
    'freshet.yaml': `${URLS}rules: [rules.yaml]\n${yaml}`,
    'rules.yaml': '',
  });
  return loadSettings({ configFile: folder.file('freshet.yaml'), env });
}

function problemsIn(yaml: string, env: Record<string, string> = {}): string {
  using folder = new TemporaryFolder({ 'freshet.yaml': yaml, 'rules.yaml': '' });
  return problemsOf(() => loadSettings({ configFile: folder.file('freshet.yaml'), env }), `${folder.path}/`);
}

test('three values are enough, the others have defaults', () => {
  expect(settingsOf('')).toEqual({
    postgres: {
      url: 'postgres://db/shop',
      replicas: [],
      slot: 'freshet',
      publication: 'freshet',
      createMissing: false,
    },
    redis: { url: 'redis://cache' },
    rules: [expect.stringMatching(/\/rules\.yaml$/)],
    http: { host: '0.0.0.0', port: 8080 },
    log: { level: 'info' },
    limits: { batchKeys: 10_000, queueBytes: 33_554_432, drainMs: 10_000 },
    verify: { intervalMs: 1_000 },
    retry: { initialMs: 200, maxMs: 10_000 },
  });
});

test('the environment alone is enough', () => {
  using folder = new TemporaryFolder({ 'a.yaml': '', 'b.yaml': '' });
  const env = {
    FRESHET_POSTGRES_URL: 'postgres://db/shop',
    FRESHET_REDIS_URL: 'redis://cache',
    FRESHET_RULES: `${folder.file('b.yaml')}, ${folder.path}`,
    FRESHET_POSTGRES_CREATE_MISSING: 'true',
    FRESHET_HTTP_PORT: '0',
    FRESHET_LIMITS_DRAIN: '30s',
    PATH: '/bin',
  };
  expect(loadSettings({ env })).toMatchObject({
    postgres: { createMissing: true },
    rules: [folder.file('b.yaml'), folder.file('a.yaml')],
    http: { port: 0 },
    limits: { drainMs: 30_000 },
  });
});

test('a flag wins over the environment, the environment over the file', () => {
  using folder = new TemporaryFolder({
    'freshet.yaml': `${URLS}rules: '*.yaml'\nlog: {level: error}\nhttp: {port: 1, host: '::'}\nretry: {max: 1m}`,
  });
  const settings = loadSettings({
    configFile: folder.file('freshet.yaml'),
    env: { FRESHET_LOG_LEVEL: 'warn', FRESHET_HTTP_PORT: '2' },
    overrides: { 'log.level': 'debug', 'postgres.slot': undefined },
  });
  expect(settings).toMatchObject({
    log: { level: 'debug' },
    http: { port: 2, host: '::' },
    retry: { maxMs: 60_000 },
    postgres: { slot: 'freshet' },
  });
});

test('JSON is YAML', () => {
  const json = {
    postgres: { url: 'postgres://db' },
    redis: { url: 'redis://c' },
    rules: ['r.yaml'],
    http: { port: 9 },
  };
  using folder = new TemporaryFolder({ 'freshet.json': JSON.stringify(json, null, 2), 'r.yaml': '' });
  const settings = loadSettings({ configFile: folder.file('freshet.json'), env: {} });
  expect(settings).toMatchObject({ http: { port: 9 }, rules: [folder.file('r.yaml')] });
});

test('what is returned cannot be changed', () => {
  const settings = settingsOf('');
  const { postgres, rules, limits } = settings;
  expect([settings, postgres, rules, limits].every(Object.isFrozen)).toBe(true);
});

test('sections whose fields are commented out, and an empty file, say nothing', () => {
  expect(settingsOf('limits:\n  # batchKeys: 5\nlog: {}\n').limits.batchKeys).toBe(10_000);
  expect(problemsIn('# nothing yet\n')).toMatch(/is missing/);
});

test('an alias takes the value of its anchor', () => {
  expect(settingsOf('limits: {drain: &pause 7s}\nretry: {max: *pause}')).toMatchObject({
    retry: { maxMs: 7_000 },
  });
});

describe('what a user reads', () => {
  test('every problem of every source at once, from top to bottom', () => {
    const yaml = `
postgres:
  url: postgres://app:hunter2@db/shop
  slto: shop
  createMissing: no
redis:
  url: cache:6379
rules: [rules.yaml]
slot: shop
log: {level: debgu}
limits:
  batchKeys: 12abc
  queueBytes: 64Mi
  drain: 10
  drain: 10s
http:
  port: [80]
`;
    const env = { FRESHET_POSTGRES_PUBLICATON: 'p', FRESHET_LOG_LEVEL: '', FRESHET_RETRY_MAX: '5 s' };
    expect(problemsIn(yaml, env)).toMatchInlineSnapshot(`
      "freshet.yaml:4:3: postgres.slto: unknown field
          did you mean slot?
      freshet.yaml:5:18: postgres.createMissing: expected true or false, got "no"
      freshet.yaml:7:8: redis.url: expected a URL such as redis://host:6379 or rediss://user:password@host:6379/0, got something else (not shown: it is secret)
          it must begin with redis:// or rediss://
      freshet.yaml:9:1: slot: unknown field
          known here: postgres, redis, rules, http, log, limits, verify, retry; or did you mean postgres.slot?
      freshet.yaml:10:14: log.level: expected one of trace, debug, info, warn, error, fatal, silent, got "debgu"
          did you mean debug?
      freshet.yaml:12:14: limits.batchKeys: expected an integer from 1 to 1000000, got "12abc"
      freshet.yaml:13:15: limits.queueBytes: expected a size such as 64MiB, from 1MiB to 16GiB, got "64Mi"
          units are B, kB, MB, GB, KiB, MiB, GiB
      freshet.yaml:15:3: drain: written twice in one map
      freshet.yaml:17:9: http.port: expected a port from 0 to 65535, got a list
      FRESHET_LOG_LEVEL: is set but empty
          give it a value or unset it
      FRESHET_POSTGRES_PUBLICATON: unknown variable
          did you mean FRESHET_POSTGRES_PUBLICATION?
      FRESHET_RETRY_MAX: expected a duration such as 200ms, 10s, 5m or 1d, from 1ms to 1h, got "5 s""
    `);
  });

  test('what is missing, and where it can be set', () => {
    expect(problemsIn('log: {level: info}')).toMatchInlineSnapshot(`
      "freshet.yaml: postgres.url is missing
          set postgres.url in the file or FRESHET_POSTGRES_URL[_FILE] in the environment: a URL such as postgres://user:password@host:5432/database
      freshet.yaml: redis.url is missing
          set redis.url in the file or FRESHET_REDIS_URL[_FILE] in the environment: a URL such as redis://host:6379 or rediss://user:password@host:6379/0
      freshet.yaml: rules is missing
          set rules in the file or FRESHET_RULES in the environment: a list of files, folders or globs"
    `);
    expect(problemsOf(() => loadSettings({ env: {} }))).toMatch(/^environment: postgres.url is missing/);
  });

  test('a mistyped value is told even where the environment replaces it', () => {
    const yaml = `${URLS}rules: rules.yaml\nhttp: {port: http}`;
    expect(problemsIn(yaml, { FRESHET_HTTP_PORT: '80' })).toMatchInlineSnapshot(
      `"freshet.yaml:4:14: http.port: expected a port from 0 to 65535, got "http""`,
    );
  });

  test('a map, a list or nothing in the place of something else', () => {
    const yaml = `rules: {a: b}\npostgres: [x]\nredis: redis://hunter2@cache\nlog:\n  level:\nhttp: {host: {a: {b: 1}}}`;
    expect(problemsIn(yaml)).toMatchInlineSnapshot(`
      "freshet.yaml:1:8: rules: expected a list of files, folders or globs, got a map
      freshet.yaml:2:11: postgres: expected a map with url, replicas, slot, publication, createMissing, got a list
      freshet.yaml:3:8: redis: expected a map with url, got text
      freshet.yaml:5:9: log.level: expected one of trace, debug, info, warn, error, fatal, silent, got nothing
      freshet.yaml:6:14: http.host: expected an IP address or host name such as 0.0.0.0, :: or localhost, got a map"
    `);
  });

  test('of a section written twice the last one is read, at its own position', () => {
    const yaml = `${URLS}rules: rules.yaml\nlog: {level: info}\nlog: {level: loud}`;
    expect(problemsIn(yaml)).toMatchInlineSnapshot(`
      "freshet.yaml:5:1: log: written twice in one map
      freshet.yaml:5:14: log.level: expected one of trace, debug, info, warn, error, fatal, silent, got "loud""
    `);
  });

  test('rules that no file matches', () => {
    using folder = new TemporaryFolder({
      'freshet.yaml': `${URLS}rules:\n  - rules.yml\n  - rules/*.yaml\n  - empty\n`,
      'empty/notes.txt': '',
    });
    const load = (): unknown => loadSettings({ configFile: folder.file('freshet.yaml'), env: {} });
    expect(problemsOf(load, `${folder.path}/`)).toMatchInlineSnapshot(`
      "freshet.yaml:4:5: rules: no file matches rules.yml
      freshet.yaml:5:5: rules: no file matches rules/*.yaml
      freshet.yaml:6:5: rules: empty holds no *.yaml or *.yml"
    `);
  });

  test('rules of a variable or a flag that no file matches, though the settings file has rules too', () => {
    const yaml = `${URLS}rules:\n  - rules.yaml\n`;
    const env = { FRESHET_RULES: '/dev/none.yaml,/dev/*.yml' };
    expect(problemsIn(yaml, env)).toMatchInlineSnapshot(`
      "FRESHET_RULES: rules: no file matches /dev/none.yaml
      FRESHET_RULES: rules: no file matches /dev/*.yml"
    `);
    using folder = new TemporaryFolder({ 'freshet.yaml': yaml, 'rules.yaml': '' });
    const sources = { configFile: folder.file('freshet.yaml'), env, overrides: { rules: '/dev/no.yaml' } };
    expect(problemsOf(() => loadSettings(sources))).toBe('--rules: rules: no file matches /dev/no.yaml');
  });

  test('pauses that end before they begin', () => {
    expect(problemsIn(`${URLS}rules: rules.yaml\nretry: {initial: 20s}`)).toMatchInlineSnapshot(
      `"freshet.yaml:4:18: retry.max (10000 ms) is less than retry.initial (20000 ms)"`,
    );
  });

  test('a flag, by its name on the command line', () => {
    const overrides = { 'limits.batchKeys': 'many', rules: 'none.yaml' };
    const problems = problemsOf(() => loadSettings({ env: {}, overrides }));
    expect(problems).toMatch(/^--limits-batch-keys: expected an integer from 1 to 1000000, got "many"$/m);
    expect(problems).toMatch(/^--rules: rules: no file matches .*none\.yaml$/m);
  });

  test.each([
    ['http: {port: 1', /freshet\.yaml:1:1\d: YAML: /],
    ['http:\n\tport: 1', 'freshet.yaml:2:1: YAML: Tabs are not allowed as indentation'],
    ['log: {level: !env X}', 'freshet.yaml:1:14: YAML: a tag that cannot be used here'],
    ['redis:\n  url: *hunter2', /^freshet\.yaml:2:8: YAML: an alias whose anchor is not set before it/],
    [
      'redis:\n  url: |redis://:hunter2@cache',
      'freshet.yaml:2:9: YAML: Block scalar header includes extra characters',
    ],
    [
      'redis:\n  url: "redis://:\\hunter2@cache"',
      'freshet.yaml:2:18: YAML: an unknown escape sequence in double quotes',
    ],
    ['%hunter2\n---\nlog: {}', 'freshet.yaml:1:1: YAML: an unknown directive'],
    ['redis:\n  url: !hunter2 x', 'freshet.yaml:2:8: YAML: a tag that cannot be used here'],
    ['log: {}\n---\nhttp: {}', 'freshet.yaml:3:1: a second YAML document; settings are one'],
    ['- a', /^freshet\.yaml:1:1: expected a map with postgres, .*, got a list/],
    ['__proto__: {x: 1}', /^freshet\.yaml:1:1: __proto__: unknown field$/m],
  ])('YAML %j', (yaml, expected) => {
    const problems = problemsIn(yaml);
    expect(problems).toMatch(expected);
    expect(problems).not.toContain('hunter2');
  });

  test('a file that is not there', () => {
    const configFile = '/nowhere/freshet.yaml';
    expect(problemsOf(() => loadSettings({ configFile, env: {} }))).toBe(
      '/nowhere/freshet.yaml: cannot be read: no such file or directory',
    );
  });
});

describe('secrets', () => {
  test('are read from files, without the line break at the end', () => {
    using folder = new TemporaryFolder({
      postgres: 'postgres://db/a\n',
      redis: 'redis://b\r\n',
      'r.yaml': '',
    });
    const env = {
      FRESHET_POSTGRES_URL_FILE: folder.file('postgres'),
      FRESHET_REDIS_URL_FILE: folder.file('redis'),
      FRESHET_RULES: folder.file('r.yaml'),
    };
    expect(loadSettings({ env })).toMatchObject({
      postgres: { url: 'postgres://db/a' },
      redis: { url: 'redis://b' },
    });
  });

  test('a list of them is one too, in the file, the environment or a file of its own', () => {
    const replicas = ['postgres://db2/shop', 'postgres://db3/shop'];
    using files = new TemporaryFolder({
      'freshet.yaml': JSON.stringify({
        postgres: { url: 'postgres://db', replicas },
        redis: { url: 'redis://cache' },
        rules: ['rules.yaml'],
      }),
      'rules.yaml': '',
    });
    const inFile = loadSettings({ configFile: files.file('freshet.yaml'), env: {} });
    expect(inFile.postgres.replicas).toEqual(replicas);
    const variable = { FRESHET_POSTGRES_REPLICAS: replicas.join(',') };
    expect(settingsOf('', variable).postgres.replicas).toEqual(replicas);
    using folder = new TemporaryFolder({ secret: `${replicas.join('\n')}\n` });
    const file = { FRESHET_POSTGRES_REPLICAS_FILE: folder.file('secret') };
    expect(settingsOf('', file).postgres.replicas).toEqual(replicas);
    const wrong = { FRESHET_POSTGRES_REPLICAS: 'postgres://db, hunter2' };
    expect(problemsIn(`${URLS}rules: rules.yaml`, wrong)).toMatchInlineSnapshot(`
      "FRESHET_POSTGRES_REPLICAS: expected a list, each a URL such as postgres://user:password@host:5432/database, got something else (not shown: it is secret)
          entry 2: it must begin with postgres:// or postgresql://"
    `);
  });

  test('a file that is missing or empty, and a secret given twice', () => {
    using folder = new TemporaryFolder({ empty: '\n' });
    const env = {
      FRESHET_POSTGRES_URL_FILE: folder.file('none'),
      FRESHET_REDIS_URL_FILE: folder.file('empty'),
    };
    const problems = problemsOf(
      () => loadSettings({ env: { ...env, FRESHET_RULES: '/dev' } }),
      `${folder.path}/`,
    );
    expect(problems).toMatchInlineSnapshot(`
      "FRESHET_POSTGRES_URL_FILE: cannot read none: no such file or directory
      FRESHET_REDIS_URL_FILE: empty is empty
      FRESHET_RULES: rules: /dev holds no *.yaml or *.yml"
    `);
    const twice = { FRESHET_REDIS_URL: 'redis://a', FRESHET_REDIS_URL_FILE: folder.file('empty') };
    expect(problemsOf(() => loadSettings({ env: twice }))).toMatch(
      /^FRESHET_REDIS_URL: FRESHET_REDIS_URL_FILE is set too$/m,
    );
  });

  test('no message repeats one', () => {
    const wrong = ['hunter2', 'postgres://u:hunter2#@db', 'mysql://u:hunter2@db', 'postgres://hunter2 @db'];
    for (const url of wrong) {
      const env = { FRESHET_POSTGRES_URL: url, FRESHET_REDIS_URL: url };
      const problems = problemsIn(`postgres: {url: "${url}"}\nredis: {url: ["${url}"]}`, env);
      expect(problems).toContain('not shown: it is secret');
      expect(problems).not.toContain('hunter2');
    }
  });
});

test('variables that Kubernetes sets for a Service named freshet or freshet-http are not settings', () => {
  const links = {
    FRESHET_SERVICE_HOST: '10.0.0.1',
    FRESHET_SERVICE_PORT_HTTP: '8080',
    FRESHET_PORT: 'tcp://10.0.0.1:8080',
    FRESHET_PORT_8080_TCP_ADDR: '10.0.0.1',
    FRESHET_HTTP_PORT: 'tcp://10.0.0.2:80',
    FRESHET_HTTP_PORT_80_TCP: 'tcp://10.0.0.2:80',
  };
  expect(settingsOf('', links).http.port).toBe(8080);
  expect(problemsIn('', { FRESHET_PORT: '80' })).toMatch(/^FRESHET_PORT: unknown variable$/m);
});

test('rule files can be had without the URLs of servers', () => {
  using folder = new TemporaryFolder({ 'freshet.yaml': 'rules: [a.yaml]', 'a.yaml': '' });
  const configFile = folder.file('freshet.yaml');
  expect(loadRuleFiles({ configFile, env: {} })).toEqual([folder.file('a.yaml')]);
  expect(problemsOf(() => loadRuleFiles({ env: {} }))).toMatch(/^environment: rules is missing/);
});
