import { LocalPostgres } from '../postgres/local-postgres.ts';
import { SqlClient } from '../sql-client.ts';
import { waitFor } from '../wait-for.ts';
import { startContainer } from './container.ts';
import { environmentServer, type ProvidedServer } from './provided-server.ts';
import { readTestEnvironment } from './test-environment.ts';

/** Enough for a few test files beside each other, each with a few daemons. */
const SETTINGS = { max_replication_slots: 50, max_wal_senders: 50, fsync: 'off' };

/** The environment's Postgres, else a container's, else one from npm's binaries; its user may replicate. */
export async function providePostgres(): Promise<ProvidedServer> {
  const { postgresUrl } = readTestEnvironment();
  if (postgresUrl !== undefined) {
    await demandLogicalDecoding(postgresUrl);
    return environmentServer(postgresUrl);
  }
  return (await containerPostgres()) ?? localPostgres();
}

async function demandLogicalDecoding(url: string): Promise<void> {
  await using client = await SqlClient.open(url).catch((cause: unknown) => {
    throw new Error('FRESHET_TEST_POSTGRES_URL: no connection to it', { cause });
  });
  const level = await client.value<string>('SHOW wal_level');
  if (level !== 'logical')
    throw new Error(`FRESHET_TEST_POSTGRES_URL: its wal_level is ${level}, not logical`);
}

async function containerPostgres(): Promise<ProvidedServer | undefined> {
  const settings = Object.entries({ wal_level: 'logical', ...SETTINGS });
  const container = await startContainer({
    image: 'postgres:17',
    port: 5432,
    command: ['postgres', ...settings.flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    environment: { POSTGRES_PASSWORD: 'postgres' },
    url: (host, port) => `postgres://postgres:postgres@${host}:${port}/postgres`,
  });
  if (container === undefined) return undefined;
  // The port answers before the server does.
  await waitFor(
    async () => {
      await using client = await SqlClient.open(container.url);
      return (await client.value<number>('SELECT 1')) === 1;
    },
    { what: 'Postgres in its container to accept connections', deadlineMs: 60_000 },
  );
  return container;
}

async function localPostgres(): Promise<ProvidedServer> {
  const server = await LocalPostgres.create({ settings: SETTINGS });
  return {
    url: server.url,
    origin: 'local',
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
