import { FatalError } from '../domain/errors.ts';
import { type Lsn, parseLsn } from '../domain/lsn.ts';
import type { Query } from '../domain/query.ts';

/**
 * Up to where the daemon on this slot has applied everything.
 * @throws RetryableError, FatalError where this database has no such slot: another one's would prove nothing
 */
export async function confirmedPosition(query: Query, slot: string): Promise<Lsn> {
  const [found] = await query<{ confirmed: string }>(
    `SELECT confirmed_flush_lsn::text AS confirmed FROM pg_replication_slots
     WHERE slot_name = $1 AND database = current_database() AND confirmed_flush_lsn IS NOT NULL`,
    [slot],
  );
  if (found !== undefined) return parseLsn(found.confirmed);
  throw new FatalError(
    'SLOT_MISSING',
    `replication slot ${slot} does not exist in this database, so nobody can tell what the daemon has applied`,
    'set postgres.slot to the slot that the daemon runs on; where there is none yet, `freshet setup` creates it',
  );
}
