import { setTimeout as sleep } from 'node:timers/promises';
import type { Query } from '../domain/query.ts';

const POLL_MS = 50;

/**
 * Waits until the daemon has applied everything that was committed by now: until its slot is confirmed so far.
 * @returns false where that takes longer than `withinMs`
 * @throws RetryableError
 */
export async function untilApplied(
  query: Query,
  slot: string,
  withinMs: number,
  signal?: AbortSignal,
): Promise<boolean> {
  const deadlineMs = performance.now() + withinMs;
  const [now] = await query<{ lsn: string }>('SELECT pg_current_wal_insert_lsn()::text AS lsn');
  for (;;) {
    const confirmed = await query(
      'SELECT 1 FROM pg_replication_slots WHERE slot_name = $1 AND confirmed_flush_lsn >= $2::pg_lsn',
      [slot, now?.lsn],
    );
    if (confirmed.length > 0) return true;
    if (performance.now() >= deadlineMs) return false;
    await sleep(POLL_MS, undefined, { signal });
  }
}
