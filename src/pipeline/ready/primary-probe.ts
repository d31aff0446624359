import { RetryableError } from '../../domain/errors.ts';
import type { Lsn } from '../../domain/lsn.ts';
import type { Query } from '../../domain/query.ts';
import { WAL_END_COLUMNS, type WalEndRow, walEndOf } from './read-wal-end.ts';
import { isVisible, nextXid, parseSnapshot, type Snapshot } from './snapshot.ts';
import { until } from './until.ts';

/** On a standby a snapshot knows nothing of running transactions; after a failover ids and positions are others. */
const TIMELINE =
  'CASE WHEN NOT pg_is_in_recovery() THEN substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) END AS timeline';

const SNAPSHOT = `SELECT pg_current_snapshot()::text AS snapshot, ${TIMELINE}`;

/** A transaction holds a lock on its own id from before its first row until after it is visible. Anyone may see it. */
const RUNNING = `SELECT pg_current_snapshot()::text AS snapshot, ${TIMELINE},
  ARRAY(SELECT transactionid::text::float8 FROM pg_locks
         WHERE locktype = 'transactionid' AND mode = 'ExclusiveLock') AS running`;

const WAL_END = `SELECT ${WAL_END_COLUMNS}, ${TIMELINE}`;

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

  /** An id that all transactions are before which have one now. @throws RetryableError */
  async nextXid(): Promise<bigint> {
    const row = await this.#ask<{ snapshot: string; running: readonly number[] }>(RUNNING);
    return nextXid(parseSnapshot(row.snapshot), row.running);
  }

  /** As `readWalEnd`. @throws RetryableError */
  async walEnd(): Promise<Lsn> {
    return walEndOf(await this.#ask<WalEndRow>(WAL_END));
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
