import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { SqlClient } from '../sql-client.ts';
import { waitFor } from '../wait-for.ts';
import { LocalPostgres, type PostgresSettings } from './local-postgres.ts';

export interface StandbyOptions {
  /** As `synchronous_standby_names` and pg_stat_replication know it. */
  readonly name: string;
  readonly settings?: PostgresSettings;
}

/** Folders whose contents a base backup leaves out, and what belongs to the running primary. */
const NOT_COPIED = [
  'pg_wal',
  'pg_replslot',
  'pg_dynshmem',
  'pg_notify',
  'pg_serial',
  'pg_snapshots',
  'pg_subtrans',
];
const PRIMARYS_OWN = ['postmaster.pid', 'postmaster.opts'];

/**
 * A streaming hot standby of a running server, made as pg_basebackup would.
 * https://www.postgresql.org/docs/current/continuous-archiving.html#BACKUP-LOWLEVEL-BASE-BACKUP
 * @returns when it streams
 */
export async function createStandby(
  primary: LocalPostgres,
  { name, settings = {} }: StandbyOptions,
): Promise<LocalPostgres> {
  const standby = await LocalPostgres.prepare(primary.major);
  try {
    await using client = await primary.connect();
    // The slot keeps the WAL from here on until the standby has fetched it.
    await client.rows('SELECT pg_create_physical_replication_slot($1, true)', [name]);
    await copyCluster(client, primary, standby);
    await standby.start({
      ...settings,
      hot_standby: true,
      primary_conninfo: `host=127.0.0.1 port=${primary.port} user=postgres password=postgres application_name=${name}`,
      primary_slot_name: name,
    });
    await waitFor(
      () =>
        client
          .rows(`SELECT 1 FROM pg_stat_replication WHERE application_name = $1 AND state = 'streaming'`, [
            name,
          ])
          .then((rows) => rows.length === 1),
      { what: `standby ${name} to stream`, deadlineMs: 30_000 },
    );
    return standby;
  } catch (error) {
    await standby[Symbol.asyncDispose]();
    throw error;
  }
}

/** Start, copy and stop must share one connection. */
async function copyCluster(client: SqlClient, primary: LocalPostgres, standby: LocalPostgres): Promise<void> {
  const [start, stop] =
    primary.major >= 15
      ? [`pg_backup_start('standby', true)`, 'pg_backup_stop(false)']
      : [`pg_start_backup('standby', true, false)`, 'pg_stop_backup(false, false)'];
  await client.rows(`SELECT ${start}`);
  // -a keeps the owner, who may be another than this process.
  await standby.run('/bin/cp', ['-a', primary.dataFolder, standby.dataFolder]);
  const label = await client.value<string>(`SELECT labelfile FROM ${stop}`);
  for (const file of PRIMARYS_OWN) await rm(join(standby.dataFolder, file), { force: true });
  for (const folder of NOT_COPIED) await emptyFolder(join(standby.dataFolder, folder));
  await standby.writeFile('backup_label', label);
  await standby.writeFile('standby.signal', '');
}

async function emptyFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true });
  for (const entry of await readdir(path)) await rm(join(path, entry), { recursive: true });
}

/** While paused the standby receives and flushes WAL but readers of it see nothing new. */
export async function pauseReplay(standby: LocalPostgres): Promise<void> {
  await using client = await standby.connect();
  await client.rows('SELECT pg_wal_replay_pause()');
  await waitFor(
    async () => (await client.value<string>('SELECT pg_get_wal_replay_pause_state()')) === 'paused',
    { what: 'the standby to pause its replay' },
  );
}

export async function resumeReplay(standby: LocalPostgres): Promise<void> {
  await using client = await standby.connect();
  await client.rows('SELECT pg_wal_replay_resume()');
}
