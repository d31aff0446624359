import type { SqlClient } from '../support/sql-client.ts';
import { waitFor } from '../support/wait-for.ts';

/** Once whoever read it is gone for Postgres too. */
export async function dropSlot(sql: SqlClient, slot: string): Promise<void> {
  await waitFor(
    () => sql.value<boolean>('SELECT NOT active FROM pg_replication_slots WHERE slot_name = $1', [slot]),
    { what: 'the slot to be released' },
  );
  await sql.rows('SELECT pg_drop_replication_slot($1)', [slot]);
}
