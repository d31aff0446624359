import { RetryableError } from '../../domain/errors.ts';
import { type Lsn, parseLsn } from '../../domain/lsn.ts';
import type { Query } from '../../domain/query.ts';
import { walEnd } from './wal-end.ts';

/** NULL on a standby, which has no such position. */
export const WAL_END_COLUMNS = `
  CASE WHEN NOT pg_is_in_recovery() THEN pg_current_wal_insert_lsn()::text END AS inserted,
  current_setting('wal_block_size')::int AS "pageBytes",
  pg_size_bytes(current_setting('wal_segment_size'))::int AS "segmentBytes"`;

export interface WalEndRow {
  readonly inserted: string | null;
  readonly pageBytes: number;
  readonly segmentBytes: number;
}

/**
 * The end of the WAL: whatever anybody can see now was committed before it. The part that is not flushed counts, for
 * a commit with `synchronous_commit = off` is visible before it is. It may stay ahead of the stream for 15 seconds
 * (LOG_SNAPSHOT_INTERVAL_MS in bgwriter.c) where all that is not flushed is of transactions that are open.
 * @throws RetryableError
 */
export async function readWalEnd(query: Query): Promise<Lsn> {
  const [row] = await query<WalEndRow>(`SELECT ${WAL_END_COLUMNS}`);
  return walEndOf(row);
}

/** @throws RetryableError where the server is a standby */
export function walEndOf(row: WalEndRow | undefined): Lsn {
  if (row === undefined || row.inserted === null)
    throw new RetryableError('the end of the WAL was asked for, but the server is a standby');
  const { inserted, ...sizes } = row;
  return walEnd({ inserted: parseLsn(inserted), ...sizes });
}
