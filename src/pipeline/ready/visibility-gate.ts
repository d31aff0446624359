import { setTimeout as sleep } from 'node:timers/promises';
import { type Lsn, toLsn } from '../../domain/lsn.ts';
import type { Commits } from '../../domain/transaction.ts';
import type { PrimaryProbe } from './primary-probe.ts';
import type { ReplicaProbe } from './replica-probe.ts';
import { isVisible, type Snapshot } from './snapshot.ts';
import { FIRST_WAIT_MS, LONGEST_WAIT_MS, until } from './until.ts';

/** So many milliseconds later, about, a key is deleted whose commit waits for a synchronous standby. */
const MORE_ATTEMPTS = 3;

interface Waiter {
  readonly commits: Commits;
  readonly resolve: (invisible: Commits) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Tells when transactions are visible to new snapshots on every database that readers read. Postgres sends a commit
 * before it is (with a synchronous standby, long before; to a replica, at about the same time), and a reader that
 * refills in between brings the old row back.
 */
export class VisibilityGate {
  readonly #primary: PrimaryProbe;
  readonly #replicas: readonly ReplicaProbe[];
  readonly #waiters = new Set<Waiter>();

  constructor(primary: PrimaryProbe, replicas: readonly ReplicaProbe[]) {
    this.#primary = primary;
    this.#replicas = replicas;
  }

  /** How many batches wait for a commit to become visible. */
  get waiting(): number {
    return this.#waiters.size;
  }

  /**
   * Asks, and a moment later again: most commits that are not visible yet are within a millisecond, and their keys need
   * not be deleted twice, nor loaded twice by readers. Keys may be deleted for good only after this was called.
   * @returns those that are not visible yet
   */
  async invisible(commits: Commits): Promise<Commits> {
    let invisible = this.#notIn(await this.#probe([commits]), commits);
    for (let attempt = 0; invisible.size > 0 && attempt < MORE_ATTEMPTS; attempt++) {
      await sleep(FIRST_WAIT_MS);
      invisible = this.#notIn(await this.#probe([invisible]), invisible);
    }
    return invisible;
  }

  /**
   * Resolves as soon as one more is visible. All that wait share one probe.
   * @param invisible at least one, of those that were not visible the last time
   * @returns those that are still not visible
   */
  async untilFewer(invisible: Commits, signal: AbortSignal): Promise<Commits> {
    const { promise, resolve, reject } = Promise.withResolvers<Commits>();
    const isFirst = this.#waiters.size === 0;
    this.#waiters.add({ commits: invisible, resolve, reject });
    if (isFirst) void this.#poll(signal);
    return promise;
  }

  /**
   * Resolves once the replicas show everything that the primary shows now.
   * @returns whether there are any
   * @throws RetryableError, and when the signal aborts
   */
  async untilReplicated(signal: AbortSignal): Promise<boolean> {
    if (this.#replicas.length === 0) return false;
    // The last byte of the last record stands for the record.
    const last = toLsn((await this.#primary.walEnd()) - 1n);
    await until(async () => {
      for (const replica of this.#replicas) replica.ask(last);
      return this.#replicas.every((replica) => replica.hasReplayed(last));
    }, signal);
    return true;
  }

  async #poll(signal: AbortSignal): Promise<void> {
    try {
      for (
        let waitMs = FIRST_WAIT_MS;
        this.#waiters.size > 0;
        waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)
      ) {
        await sleep(waitMs, undefined, { signal });
        const snapshot = await this.#probe(this.#waiters.values().map(({ commits }) => commits));
        for (const waiter of this.#waiters) {
          const invisible = this.#notIn(snapshot, waiter.commits);
          if (invisible.size === waiter.commits.size) continue;
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

  /** Asks all at once and waits for the primary: what a replica answers later counts in the next probe. */
  async #probe(waiting: Iterable<Commits>): Promise<Snapshot> {
    const last = this.#replicas.length === 0 ? undefined : lastOf(waiting);
    if (last !== undefined) for (const replica of this.#replicas) replica.ask(last);
    return this.#primary.snapshot();
  }

  #notIn(snapshot: Snapshot, commits: Commits): Commits {
    return new Map(
      commits
        .entries()
        .filter(
          ([xid, commitLsn]) =>
            !isVisible(snapshot, xid) || !this.#replicas.every((replica) => replica.hasReplayed(commitLsn)),
        ),
    );
  }
}

function lastOf(waiting: Iterable<Commits>): Lsn | undefined {
  let last: Lsn | undefined;
  for (const commits of waiting)
    for (const lsn of commits.values()) if (last === undefined || lsn > last) last = lsn;
  return last;
}
