import { execFile } from 'node:child_process';
import { appendFile, chown, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../free-port.ts';
import { type Account, ServerProcess } from '../server-process.ts';
import { SqlClient } from '../sql-client.ts';
import { TempFolder } from '../temp-folder.ts';
import { waitFor } from '../wait-for.ts';
import { type PostgresMajor, serverAccount, usableBinaries } from './postgres-binaries.ts';

/** Names and values of postgresql.conf. */
export type PostgresSettings = Readonly<Record<string, string | number | boolean>>;

export interface LocalPostgresOptions {
  readonly major?: PostgresMajor;
  readonly settings?: PostgresSettings;
  /** What 127.0.0.1 must show to get in; the superuser is `postgres` with the password `postgres` in both cases. */
  readonly auth?: 'trust' | 'scram-sha-256';
}

/** How `pg_ctl stop -m` ends a server: waits for clients, sends them away, or as if it had crashed. */
export type StopMode = 'smart' | 'fast' | 'immediate';

const STOP_SIGNALS = { smart: 'SIGTERM', fast: 'SIGINT', immediate: 'SIGQUIT' } as const;

const BASE_SETTINGS: PostgresSettings = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  wal_level: 'logical',
  max_wal_senders: 20,
  max_replication_slots: 20,
  // A process that is killed loses nothing that the operating system has; only a power cut would.
  fsync: false,
};

/**
 * A Postgres server of its own folder and port, from npm's binaries, that a test may stop, kill and start again:
 *
 *     create -> running <-> stopped -> disposed
 */
export class LocalPostgres implements AsyncDisposable {
  readonly major: PostgresMajor;
  readonly port: number;
  readonly folder: TempFolder;
  readonly #binaries: string;
  readonly #account: Account | undefined;
  #process: ServerProcess | undefined;

  private constructor(
    major: PostgresMajor,
    port: number,
    folder: TempFolder,
    binaries: string,
    account?: Account,
  ) {
    this.major = major;
    this.port = port;
    this.folder = folder;
    this.#binaries = binaries;
    this.#account = account;
  }

  /** A new cluster (UTF8, locale C), started. */
  static async create({
    major = 17,
    settings = {},
    auth = 'trust',
  }: LocalPostgresOptions = {}): Promise<LocalPostgres> {
    const server = await LocalPostgres.prepare(major);
    try {
      const passwordFile = server.folder.join('password');
      await writeFile(passwordFile, 'postgres\n', { mode: 0o644 });
      const locale = ['--encoding=UTF8', '--locale=C'];
      await server.run('initdb', [
        `--pgdata=${server.dataFolder}`,
        '--username=postgres',
        `--pwfile=${passwordFile}`,
        `--auth=${auth}`,
        ...locale,
        '--no-sync',
      ]);
      await appendFile(join(server.dataFolder, 'postgresql.conf'), "\ninclude 'freshet.conf'\n");
      await server.start(settings);
      return server;
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Folder, port and binaries without a data folder; for `create` and for what copies one. */
  static async prepare(major: PostgresMajor): Promise<LocalPostgres> {
    const account = await serverAccount();
    const folder = await TempFolder.create(`postgres-${major}`, account);
    const binaries = await usableBinaries(major, account, folder);
    return new LocalPostgres(major, await freePort(), folder, binaries, account);
  }

  get dataFolder(): string {
    return this.folder.join('data');
  }

  get url(): string {
    return this.urlOf('postgres');
  }

  urlOf(database: string): string {
    return `postgres://postgres:postgres@127.0.0.1:${this.port}/${database}`;
  }

  /** The postmaster's. */
  get pid(): number {
    return this.#running().pid;
  }

  /** What the server wrote since it was last started. */
  get log(): readonly string[] {
    return this.#process?.log ?? [];
  }

  /** @param settings beside the base settings; those of an earlier start are forgotten, ALTER SYSTEM is not */
  async start(settings: PostgresSettings = {}): Promise<void> {
    const all = Object.entries({ ...BASE_SETTINGS, port: this.port, ...settings });
    const lines = all.map(([name, value]) => `${name} = '${String(value).replaceAll("'", "''")}'\n`);
    await this.writeFile('freshet.conf', lines.join(''));
    this.#process = await ServerProcess.launch(`Postgres ${this.major} on port ${this.port}`, {
      command: join(this.#binaries, 'bin', 'postgres'),
      args: ['-D', this.dataFolder],
      cwd: '/',
      account: this.#account,
    });
    await this.#process.waitUntil('accepts connections', async () => {
      await using client = await this.connect();
      return (await client.value<number>('SELECT 1')) === 1;
    });
  }

  /** @returns how long it took, in milliseconds */
  async stop(mode: StopMode = 'fast', deadlineMs = 60_000): Promise<number> {
    return this.#running().end(STOP_SIGNALS[mode], deadlineMs);
  }

  async restart(mode: StopMode = 'fast', settings: PostgresSettings = {}): Promise<void> {
    await this.stop(mode);
    await this.start(settings);
  }

  /** SIGKILL to the postmaster; returns when its children noticed and left, so that it can be started again. */
  async kill(): Promise<void> {
    const { pid } = this;
    const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
    await this.#running().end('SIGKILL');
    const pids = children.trim().split(' ').filter(Boolean).map(Number);
    await waitFor(() => !pids.some(isAlive), { what: `the children of postmaster ${pid} to end` });
  }

  async connect(database = 'postgres'): Promise<SqlClient> {
    return SqlClient.open(this.urlOf(database));
  }

  /** ALTER SYSTEM and reload: in force for new statements when this returns. */
  async configure(settings: PostgresSettings): Promise<void> {
    await using client = await this.connect();
    for (const [name, value] of Object.entries(settings)) {
      await client.rows(`ALTER SYSTEM SET ${name} = '${String(value).replaceAll("'", "''")}'`);
    }
    const before = await client.value<Date>('SELECT pg_conf_load_time()');
    await client.rows('SELECT pg_reload_conf()');
    await waitFor(async () => (await client.value<Date>('SELECT pg_conf_load_time()')) > before, {
      what: 'Postgres to read its settings again',
    });
  }

  /** Runs one of the server's programs, or another, as the server's user. @throws Error with what it said */
  async run(program: string, args: readonly string[]): Promise<void> {
    const command = program.startsWith('/') ? program : join(this.#binaries, 'bin', program);
    await promisify(execFile)(command, [...args], { cwd: this.folder.path, ...this.#account });
  }

  /** Writes a file of the data folder that the server may change. */
  async writeFile(name: string, text: string): Promise<void> {
    const path = join(this.dataFolder, name);
    await writeFile(path, text);
    if (this.#account !== undefined) await chown(path, this.#account.uid, this.#account.gid);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process !== undefined) await this.#process.end('SIGQUIT', 10_000);
    await this.folder[Symbol.asyncDispose]();
  }

  #running(): ServerProcess {
    if (this.#process === undefined) throw new Error(`Postgres on port ${this.port} was never started`);
    return this.#process;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
