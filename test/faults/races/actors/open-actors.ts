import type { LocalPostgres } from '../../../support/postgres/local-postgres.ts';
import { SqlClient } from '../../../support/sql-client.ts';
import type { TestContext } from '../../../support/test-context.ts';
import { waitFor } from '../../../support/wait-for.ts';
import type { KeyEvents } from '../key-events.ts';
import type { RaceTable } from '../race-table.ts';
import type { Readers } from '../readers/readers.ts';
import { WRITERS } from '../round-plan.ts';
import { Reader } from './reader.ts';
import { Writer } from './writer.ts';

const READERS = 8;

interface Shared {
  readonly context: TestContext;
  readonly table: RaceTable;
  readonly events: KeyEvents;
}

/** Each with a connection of its own, that ends with the context. */
export async function openWriters({ context, table, events }: Shared): Promise<readonly Writer[]> {
  return times(WRITERS, async (index) => {
    const sql = await context.connect();
    return new Writer({ name: `writer ${index}`, sql, table, events });
  });
}

/** Each with connections of its own, that end with the context. */
export async function openReaders({
  context,
  table,
  events,
  readers,
  replica,
}: Shared & { readonly readers: Readers; readonly replica: LocalPostgres | undefined }): Promise<
  readonly Reader[]
> {
  return times(READERS, async (index) => {
    const redis = context.redis.duplicate();
    context.use({ [Symbol.asyncDispose]: async () => redis.disconnect() });
    const primary = await context.connect();
    const replicas = replica === undefined ? [] : [await connectReplica(context, replica)];
    const databases = [primary, ...replicas] as const;
    return new Reader({ name: `reader ${index}`, redis, databases, table, events, readers });
  });
}

async function connectReplica(context: TestContext, replica: LocalPostgres): Promise<SqlClient> {
  const url = replica.urlOf(context.database);
  // It learns of the database when it replays that it was made.
  const connected = waitFor(() => SqlClient.open(url), { what: 'the database on the replica' });
  return context.use(await connected);
}

async function times<T>(count: number, make: (index: number) => Promise<T>): Promise<readonly T[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => make(index)));
}
