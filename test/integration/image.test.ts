import { execFile } from 'node:child_process';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { TempFolder } from '../support/temp-folder.ts';
import { TestContext } from '../support/test-context.ts';
import { waitFor } from '../support/wait-for.ts';
import { ruleText } from './rule-text.ts';

const ROOT = join(import.meta.dirname, '../..');
const IMAGE = 'freshet:test';
const BASE = 'node:24-bookworm-slim';
const STOP_BAR_MS = 2_000;

const execute = promisify(execFile);

/** @returns standard output, trimmed @throws with both outputs where the command fails */
async function docker(...args: readonly string[]): Promise<string> {
  return (await execute('docker', args)).stdout.trim();
}

function answers(...args: readonly string[]): Promise<boolean> {
  return docker(...args).then(
    () => true,
    () => false,
  );
}

/** Why the image cannot be built here, through no fault of its own. */
async function findObstacle(): Promise<string | undefined> {
  if (!(await answers('version'))) return 'no Docker engine answers';
  if (!(await answers('image', 'inspect', BASE)) && !(await answers('pull', '--quiet', BASE)))
    return `the image ${BASE} cannot be had`;
  const isReached = await answers('run', '--rm', '--network', 'host', BASE, 'npm', 'view', 'pg', 'version');
  return isReached ? undefined : 'no npm registry answers inside a container';
}

/** A started container that goes with its test. */
class Container implements AsyncDisposable {
  readonly id: string;

  private constructor(id: string) {
    this.id = id;
  }

  static async run(...args: readonly string[]): Promise<Container> {
    return new Container(await docker('run', '--detach', ...args));
  }

  exec(...command: readonly string[]): Promise<string> {
    return docker('exec', this.id, ...command);
  }

  inspect(format: string): Promise<string> {
    return docker('inspect', '--format', format, this.id);
  }

  /** Sends SIGTERM and waits. @returns milliseconds */
  async stop(): Promise<number> {
    const start = performance.now();
    await docker('stop', '--time', '20', this.id);
    return performance.now() - start;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await docker('rm', '--force', '--volumes', this.id);
  }
}

/** The hardest settings that operators use, on the host's network, where the tests' servers are. */
const HARDENED = [
  '--read-only',
  '--cap-drop',
  'ALL',
  '--security-opt',
  'no-new-privileges',
  '--network',
  'host',
];

/** Options of `docker run` for a context with one rule, and the image. */
async function imageFor(context: TestContext): Promise<readonly string[]> {
  const folder = context.use(await TempFolder.create('image'));
  // The container's user is not this one.
  await chmod(folder.path, 0o755);
  const rules = [{ name: 'row', table: 'public.t', keys: ['t:${id}'] }];
  await writeFile(folder.join('rules.yaml'), ruleText(context.keyPrefix, rules));
  await writeFile(folder.join('postgres-url'), context.databaseUrl);
  const environment = {
    FRESHET_POSTGRES_URL_FILE: '/etc/freshet/postgres-url',
    FRESHET_POSTGRES_SLOT: context.slot,
    FRESHET_POSTGRES_PUBLICATION: context.publication,
    FRESHET_REDIS_URL: context.redisUrl,
    FRESHET_RULES: '/etc/freshet/rules.yaml',
    FRESHET_HTTP_PORT: String(await freePort()),
  };
  const variables = Object.entries(environment).flatMap(([name, value]) => ['--env', `${name}=${value}`]);
  return [...HARDENED, ...variables, '--volume', `${folder.path}:/etc/freshet:ro`, IMAGE];
}

describe('the image', () => {
  let obstacle: string | undefined;

  beforeAll(async () => {
    obstacle = await findObstacle();
    if (obstacle !== undefined) {
      process.stderr.write(`the image is not tested: ${obstacle}\n`);
      return;
    }
    // The host's network, for registries that only it reaches.
    await docker('build', '--quiet', '--network', 'host', '--tag', IMAGE, ROOT);
  }, 600_000);

  beforeEach(({ skip }) => skip(obstacle !== undefined, obstacle));

  test('deletes keys as nobody special on a read-only file system, is healthy, and stops clean', async () => {
    await using context = await TestContext.open();
    await context.sql.rows('CREATE TABLE t (id int PRIMARY KEY)');
    const image = await imageFor(context);
    const allow = ['--env', 'FRESHET_POSTGRES_CREATE_MISSING=true', '--health-interval', '1s'];
    await using container = await Container.run(...allow, ...image, 'run');
    await waitFor(async () => (await container.inspect('{{.State.Health.Status}}')) === 'healthy', {
      what: 'the health check to pass',
      deadlineMs: 30_000,
      intervalMs: 200,
    });
    await waitFor(async () => (await context.redis.exists(`freshet:{${context.slot}}:rules`)) === 1, {
      what: 'the keys of new rules to be purged',
    });

    await context.fill('t:7', 't:8');
    await context.sql.rows('INSERT INTO t VALUES (7)');
    await context.waitUntilGone('t:7');

    expect(await context.keys()).toEqual(['t:8']);
    expect(await container.exec('id', '-u')).toBe('1000');
    await expect(container.exec('touch', '/app/file', '/tmp/file')).rejects.toThrow('Read-only file system');
    // Started once: the command line is the image's own, heap flags in their place.
    const [, ...flags] = (await container.inspect('{{join .Config.Entrypoint " "}}')).split(' node ');
    expect(await commandLines(container)).toContain(`node ${flags.join()} run`);
    expect(await container.stop()).toBeLessThan(STOP_BAR_MS);
    expect(await container.inspect('{{.State.ExitCode}}')).toBe('0');
    expect(await docker('logs', container.id)).toContain('freshet has stopped');
  });

  test('checks, and says what is missing', async () => {
    await using context = await TestContext.open();
    await context.sql.rows('CREATE TABLE t (id int PRIMARY KEY)');
    const fault: unknown = await docker('run', '--rm', ...(await imageFor(context)), 'check').catch(
      (error: unknown) => error,
    );
    expect(fault).toMatchObject({ code: 3, stdout: expect.stringContaining('error PUBLICATION_MISSING') });
  });

  test('heeds SIGTERM in a verb that listens to no signal', async () => {
    await using context = await TestContext.open();
    await context.sql.rows('CREATE TABLE t (id int PRIMARY KEY)');
    // Setup waits for the end of this transaction before it can make the slot.
    const driver = await (await context.connect()).driver();
    await driver.query('BEGIN; INSERT INTO t VALUES (1)');
    await using container = await Container.run(...(await imageFor(context)), 'setup');
    await waitFor(async () => (await docker('logs', container.id)).includes('waits for the end of'), {
      what: 'setup to wait',
      deadlineMs: 30_000,
    });
    expect(await container.stop()).toBeLessThan(STOP_BAR_MS);
    await driver.query('ROLLBACK');
  });
});

/** Of every process in the container, arguments between blanks. */
async function commandLines(container: Container): Promise<readonly string[]> {
  const all = await container.exec(
    'sh',
    '-c',
    'for p in /proc/[0-9]*/cmdline; do tr "\\0" " " <$p; echo; done',
  );
  return all.split('\n').map((line) => line.trim());
}
