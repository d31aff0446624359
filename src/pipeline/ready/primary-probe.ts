import { RetryableError } from '../../domain/errors.ts';
import { type Lsn, parseLsn } from '../../domain/lsn.ts';
import type { Query } from '../../domain/query.ts';
import { isVisible, parseSnapshot, type Snapshot } from './snapshot.ts';
import { until } from './until.ts';
import { walEnd } from './wal-end.ts';

/** On a standby a snapshot knows nothing of running transactions; after a failover ids and positions are others. */
const TIMELINE =
  'CASE WHEN NOT pg_is_in_recovery() THEN substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) END AS timeline';

const SNAPSHOT = `SELECT pg_current_snapshot()::text AS snapshot, ${TIMELINE}`;

const WAL_END = `
  SELECT CASE WHEN NOT pg_is_in_recovery() THEN pg_current_wal_insert_lsn()::text END AS inserted,
         current_setting('wal_block_size')::int AS "pageBytes",
         pg_size_bytes(current_setting('wal_segment_size'))::int AS "segmentBytes",
         ${TIMELINE}`;

interface WalEndRow {
  readonly inserted: string;
  readonly pageBytes: number;
  readonly segmentBytes: number;
}

/** Asks the server that the changes come from. */
export class PrimaryProbe {
  readonly #query: Query;
  readonly #timeline: number;

  /** @param timeline of the replication connection; every answer must come from the same one */
  constructor(query: Query, timeline: number) {
    this.#query = query;
    this.#timeline = timeline;
  }

  /** @throws RetryableError */
  async snapshot(): Promise<Snapshot> {
    const { snapshot } = await this.#ask<{ snapshot: string }>(SNAPSHOT);
    return parseSnapshot(snapshot);
  }

  /**
   * The end of the WAL: whatever anybody can see now was committed before it. The part that is not flushed counts, for
   * a commit with `synchronous_commit = off` is visible before it is. It may stay ahead of the stream for 15 seconds
   * (LOG_SNAPSHOT_INTERVAL_MS in bgwriter.c) where all that is not flushed is of transactions that are open.
   * @throws RetryableError
   */
  async walEnd(): Promise<Lsn> {
    const { inserted, ...sizes } = await this.#ask<WalEndRow>(WAL_END);
    return walEnd({ inserted: parseLsn(inserted), ...sizes });
  }

  /** @param xid the low 32 bits @throws RetryableError, and when the signal aborts */
  async untilVisible(xid: number, signal: AbortSignal): Promise<void> {
    await until(async () => isVisible(await this.snapshot(), xid), signal);
  }

  async #ask<Row>(sql: string): Promise<Row> {
    const [row] = await this.#query<Row & { timeline: string | null }>(sql);
    if (row === undefined || row.timeline === null || Number.parseInt(row.timeline, 16) !== this.#timeline) {
      throw new RetryableError('the visibility probe did not reach the primary that the changes come from');
    }
    return row;
  }
}
