import { setTimeout as sleep } from 'node:timers/promises';
import { RetryableError } from '../../domain/errors.ts';
import type { Query } from '../../domain/query.ts';
import { isVisible, parseSnapshot, type Snapshot } from './snapshot.ts';

/** On a standby pg_current_snapshot() knows nothing of running transactions, and after a failover the ids are others. */
const PROBE = `
  SELECT pg_current_snapshot()::text AS snapshot,
         CASE WHEN NOT pg_is_in_recovery() THEN substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) END AS timeline`;

const FIRST_WAIT_MS = 1;
const LONGEST_WAIT_MS = 50;

interface Waiter {
  readonly xids: ReadonlySet<number>;
  readonly resolve: (invisible: ReadonlySet<number>) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Tells when transactions are visible to new snapshots on the primary. Postgres sends a commit before it is (with a
 * synchronous standby, long before), and a reader that refills in between brings the old row back.
 */
export class VisibilityGate {
  readonly #query: Query;
  readonly #timeline: number;
  readonly #waiters = new Set<Waiter>();

  /** @param timeline of the replication connection; the probe must come from the same one */
  constructor(query: Query, timeline: number) {
    this.#query = query;
    this.#timeline = timeline;
  }

  /** How many batches wait for a commit to become visible. */
  get waiting(): number {
    return this.#waiters.size;
  }

  /**
   * Asks once. Keys may be deleted for good only after this was called.
   * @returns those that are not visible yet
   */
  async invisible(xids: ReadonlySet<number>): Promise<ReadonlySet<number>> {
    return notIn(await this.#probe(), xids);
  }

  /**
   * Resolves as soon as one more is visible. All that wait share one probe.
   * @param invisible at least one, of those that were not visible the last time
   * @returns those that are still not visible
   */
  async untilFewer(invisible: ReadonlySet<number>, signal: AbortSignal): Promise<ReadonlySet<number>> {
    const { promise, resolve, reject } = Promise.withResolvers<ReadonlySet<number>>();
    const isFirst = this.#waiters.size === 0;
    this.#waiters.add({ xids: invisible, resolve, reject });
    if (isFirst) void this.#poll(signal);
    return promise;
  }

  async #poll(signal: AbortSignal): Promise<void> {
    try {
      for (
        let waitMs = FIRST_WAIT_MS;
        this.#waiters.size > 0;
        waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)
      ) {
        await sleep(waitMs, undefined, { signal });
        const snapshot = await this.#probe();
        for (const waiter of this.#waiters) {
          const invisible = notIn(snapshot, waiter.xids);
          if (invisible.size === waiter.xids.size) continue;
          this.#waiters.delete(waiter);
          waiter.resolve(invisible);
          waitMs = FIRST_WAIT_MS;
        }
      }
    } catch (error) {
      for (const waiter of this.#waiters) waiter.reject(error);
      this.#waiters.clear();
    }
  }

  async #probe(): Promise<Snapshot> {
    const [row] = await this.#query<{ snapshot: string; timeline: string | null }>(PROBE);
    if (row === undefined || row.timeline === null || Number.parseInt(row.timeline, 16) !== this.#timeline) {
      throw new RetryableError('the visibility probe did not reach the primary that the changes come from');
    }
    return parseSnapshot(row.snapshot);
  }
}

function notIn(snapshot: Snapshot, xids: ReadonlySet<number>): ReadonlySet<number> {
  return new Set(xids.values().filter((xid) => !isVisible(snapshot, xid)));
}
