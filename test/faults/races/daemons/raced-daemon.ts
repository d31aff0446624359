import { type Lsn, parseLsn } from '../../../../src/domain/lsn.ts';
import type { TestContext } from '../../../support/test-context.ts';

/** What keeps the cache right while others race, and may be killed for it. */
export interface RacedDaemon {
  /** Returns when it runs; it may still be starting. */
  start(): Promise<void>;
  /** Ends it without a chance to finish anything. */
  kill(): Promise<void>;
  /** Whether it has done all that it will ever do about changes up to this position. */
  isDoneWith(position: Lsn): Promise<boolean>;
}

/** How far the context's slot is. */
export async function confirmedLsn({ sql, slot }: TestContext): Promise<Lsn> {
  const ofSlot = 'SELECT confirmed_flush_lsn FROM pg_replication_slots WHERE slot_name = $1';
  return parseLsn(await sql.value<string>(ofSlot, [slot]));
}
