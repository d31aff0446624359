import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * Where redis-server is; installs Debian's package when there is none and this is root on Debian.
 * @throws Error that says what to install
 */
export async function redisServer(): Promise<string> {
  const found = (await findInPath('redis-server')) ?? (await installRedisServer());
  if (found !== undefined) return found;
  throw new Error(
    'no redis-server in PATH: install it (Debian: apt-get install redis-server, macOS: brew install redis), start a Docker engine, or set FRESHET_TEST_REDIS_URL',
  );
}

async function findInPath(program: string): Promise<string | undefined> {
  for (const folder of [...(process.env['PATH'] ?? '').split(delimiter), '/usr/bin', '/usr/local/bin']) {
    const path = join(folder, program);
    const isExecutable = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isExecutable) return path;
  }
  return undefined;
}

async function installRedisServer(): Promise<string | undefined> {
  if (process.getuid?.() !== 0 || (await findInPath('apt-get')) === undefined) return undefined;
  process.stderr.write('no redis-server found: installing the package of that name (apt-get) …\n');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  // Two test runs may come here at once; the second waits for the package manager's lock.
  const apt = ['-qq', '-o', 'DPkg::Lock::Timeout=120'];
  try {
    await run('apt-get', ['update', ...apt], { env }).catch(() => {});
    await run('apt-get', ['install', '-y', '--no-install-recommends', ...apt, 'redis-server'], { env });
  } catch (cause) {
    throw new Error('apt-get install redis-server failed', { cause });
  }
  // Where systemd runs, the package starts a server of its own; nothing here wants it.
  await run('systemctl', ['disable', '--now', 'redis-server']).catch(() => {});
  return findInPath('redis-server');
}
