import { FatalError, RetryableError } from '../../domain/errors.ts';

/** SQLSTATE of an error that the server sent; undefined for a fault of the connection. */
export function sqlState(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || !('severity' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** Chooses the family of a fault of Postgres or of the connection to it, by class and SQLSTATE, once. */
export function classifyPostgresError(error: unknown): Error {
  if (error instanceof RetryableError || error instanceof FatalError) return error;
  const state = sqlState(error);
  const cause = { cause: error };
  if (state === undefined) return new RetryableError('the connection to Postgres failed', cause);
  switch (state) {
    case '28000':
    case '28P01':
    case '42501':
    case '3D000':
      return new FatalError(
        'DENIED',
        `Postgres refuses this role or database (SQLSTATE ${state})`,
        'check user, password and database in postgres.url; `freshet setup --print-sql` prints the grants that the role needs',
        cause,
      );
    default:
      break;
  }
  // Class 08 connection, 53 resources, 57 operator intervention (shutdown, restart, terminated), 58 system.
  if (/^(08|53|57|58)/.test(state))
    return new RetryableError(`Postgres is not available (SQLSTATE ${state})`, cause);
  return error instanceof Error ? error : new RetryableError('unknown fault of Postgres', cause);
}
