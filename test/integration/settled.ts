import type { SqlClient } from '../support/sql-client.ts';
import { waitFor } from '../support/wait-for.ts';

interface Watched {
  readonly sql: SqlClient;
  readonly slot: string;
}

const REACHED = `
  SELECT confirmed_flush_lsn >= $2::pg_lsn FROM pg_replication_slots WHERE slot_name = $1`;

/**
 * Waits until the daemon has confirmed everything that is committed now. Only then can a test say that a key stays:
 * a moment earlier its delete could still be on the way.
 */
export async function waitUntilSettled({ sql, slot }: Watched, deadlineMs = 15_000): Promise<void> {
  const position = await mark(sql);
  await waitUntilConfirmed({ sql, slot }, position, deadlineMs);
}

/** Writes a message into the WAL after everything that is committed. @returns its LSN, as text */
export async function mark(sql: SqlClient): Promise<string> {
  return sql.value<string>(`SELECT pg_logical_emit_message(true, 'freshet-test', '')`);
}

export async function waitUntilConfirmed(
  { sql, slot }: Watched,
  position: string,
  deadlineMs = 15_000,
): Promise<void> {
  await waitFor(() => sql.value<boolean>(REACHED, [slot, position]), {
    what: `slot ${slot} to confirm ${position}`,
    deadlineMs,
  });
}

/** The slot's confirmed position, as text. */
export async function confirmedLsn({ sql, slot }: Watched): Promise<string> {
  return sql.value<string>(
    'SELECT confirmed_flush_lsn::text FROM pg_replication_slots WHERE slot_name = $1',
    [slot],
  );
}
