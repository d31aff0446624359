import { FatalError, QueryTimeoutError, RetryableError, StandbySignal } from '../../domain/errors.ts';

/** SQLSTATE of an error that the server sent; undefined for a fault of the connection. */
export function sqlState(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || !('severity' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** Chooses the family of a fault of Postgres or of the connection to it, by class and SQLSTATE, once. */
export function classifyPostgresError(error: unknown): Error {
  if (error instanceof RetryableError || error instanceof FatalError || error instanceof StandbySignal)
    return error;
  const state = sqlState(error);
  const cause = { cause: error };
  if (state === undefined) return new RetryableError('the connection to Postgres failed', cause);
  switch (state) {
    case '28000':
    case '28P01':
    case '42501':
      return new FatalError(
        'DENIED',
        `Postgres refuses this role or database (SQLSTATE ${state})`,
        'check user, password and database in postgres.url; `freshet setup --print-sql` prints the grants that the role needs',
        cause,
      );
    case '3D000':
      return new FatalError(
        'DENIED',
        'the database does not exist (SQLSTATE 3D000)',
        'check the database in postgres.url (where that has none, Postgres takes the name of the user), or create it',
        cause,
      );
    default:
      break;
  }
  if (state === '57014') return new QueryTimeoutError('a statement took too long', cause);
  // Class 08 connection, 53 resources, 57 operator intervention (shutdown, restart, terminated), 58 system.
  if (/^(08|53|57|58)/.test(state))
    return new RetryableError(`Postgres is not available (SQLSTATE ${state})`, cause);
  return error instanceof Error ? error : new RetryableError('unknown fault of Postgres', cause);
}

/** A fault before streaming began: what START_REPLICATION refuses is about the slot. */
export function classifyStartError(error: unknown, slot: string): Error {
  const cause = { cause: error };
  switch (sqlState(error)) {
    case '55006':
      return new StandbySignal(`replication slot ${slot} is held by another process`, cause);
    case '42704':
      return new FatalError(
        'SLOT_MISSING',
        `replication slot ${slot} does not exist`,
        'run `freshet setup`, then clear the keys of the rules: changes since the slot was lost are not known',
        cause,
      );
    case '55000':
      return new FatalError(
        'SLOT_LOST',
        `replication slot ${slot} was invalidated: Postgres removed WAL that it still needed`,
        `SELECT pg_drop_replication_slot('${slot}'); then \`freshet setup\`, then clear the keys of the rules; consider a larger max_slot_wal_keep_size`,
        cause,
      );
    default:
      return classifyPostgresError(error);
  }
}

/** A fault while streaming. */
export function classifyReplicationError(error: unknown): Error {
  // 42704 cannot mean the slot any more: the publication is looked up in the catalog as it was at the change's position.
  if (sqlState(error) === '42704') {
    return new FatalError(
      'PUBLICATION_MISSING',
      'the publication does not exist at the position where the slot stands',
      'it was created after the slot, or dropped and created again: drop the slot, run `freshet setup`, then clear the keys of the rules',
      { cause: error },
    );
  }
  const classified = classifyPostgresError(error);
  return sqlState(classified) === undefined
    ? classified
    : new RetryableError(`Postgres ended the stream (SQLSTATE ${sqlState(classified)})`, { cause: error });
}
