import { setTimeout as sleep } from 'node:timers/promises';
import { type Lsn, parseLsn } from '../../src/domain/lsn.ts';
import { SqlClient } from '../support/sql-client.ts';
import { waitFor } from '../support/wait-for.ts';
import { SeededRandom } from './seeded-random.ts';

/** A commit that the server has confirmed. */
export interface Commit {
  readonly ids: readonly number[];
  /** A position at or after the end of the commit. */
  readonly notAfter: Lsn;
}

export interface WriterOptions {
  readonly url: string;
  readonly seed: number;
  /** Rows 1 to `present` exist, those up to `total` do not. */
  readonly present: number;
  readonly total: number;
  readonly onCommit: (commit: Commit) => void;
  readonly connections?: number;
  /** The longest pause between two transactions of a connection, milliseconds. */
  readonly maxPauseMs?: number;
  readonly maxRowsPerTransaction?: number;
}

/**
 * A few connections that change rows, each its own, until stopped or until each row was touched: nearly all once, for a
 * later change would hide that an earlier one was lost. The sequence of changes follows from the seed.
 */
export class Writers implements AsyncDisposable {
  readonly #options: WriterOptions;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #commits = 0;

  constructor(options: WriterOptions) {
    this.#options = options;
    const { connections = 4 } = options;
    const all = Array.from({ length: connections }, (_, index) => this.#write(index, connections));
    this.#running = Promise.all(all).then(() => {});
    this.#running.catch(() => {});
  }

  get commits(): number {
    return this.#commits;
  }

  /** Resolves after so many more commits. @throws where the rows end before, and what a writer did not expect */
  async load(commits: number): Promise<void> {
    const target = this.#commits + commits;
    const toTheEnd = this.#running.then(() => {
      if (this.#commits < target) {
        throw new Error('every row was touched before the fault: the writers need more');
      }
    });
    await Promise.race([
      toTheEnd,
      waitFor(() => this.#commits >= target, {
        what: `the writers to commit ${commits} times`,
        deadlineMs: 30_000,
      }),
    ]);
  }

  /** Resolves when every row was touched. */
  get finished(): Promise<void> {
    return this.#running;
  }

  /** Resolves when no transaction is under way, those inside COMMIT included. @throws what a writer did not expect */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop().catch(() => {});
  }

  async #write(index: number, connections: number): Promise<void> {
    const { url, seed, present, total, onCommit, maxRowsPerTransaction = 20 } = this.#options;
    const random = new SeededRandom(seed + index);
    const own = (first: number, last: number) =>
      random.shuffle(range(first, last).filter((id) => id % connections === index));
    const rows = own(1, present);
    const missing = own(present + 1, total);
    let client: SqlClient | undefined;
    try {
      while (!this.#stop.signal.aborted && rows.length > 0) {
        try {
          client ??= await SqlClient.open(url);
          await client.driver();
        } catch (error) {
          // An outage takes no rows, so that writers outlast it.
          if (!isOutage(error)) throw error;
          await this.#pause(random);
          continue;
        }
        const count = random.next() < 0.7 ? 1 : 1 + random.below(maxRowsPerTransaction);
        const changed = rows.splice(-count);
        const { sql, touched, kept } = transactionOf(changed, missing, random);
        // A few change again soon, in another batch or on the other side of the fault.
        if (random.next() < 0.1) rows.splice(-random.below(100), 0, ...kept.slice(0, 1));
        const isRolledBack = random.next() < 0.05;
        try {
          const end = isRolledBack ? 'ROLLBACK' : 'COMMIT';
          const text = `BEGIN; ${sql}; ${end}; SELECT pg_current_wal_flush_lsn()`;
          const notAfter = parseLsn(await client.value<string>(text));
          if (isRolledBack) continue;
          this.#commits++;
          onCommit({ ids: touched, notAfter });
        } catch (error) {
          // Whether it was committed is not known; the database will tell.
          if (!isOutage(error)) throw error;
        }
        await this.#pause(random);
      }
    } finally {
      await client?.[Symbol.asyncDispose]();
    }
  }

  async #pause(random: SeededRandom): Promise<void> {
    const { maxPauseMs = 8 } = this.#options;
    await sleep(random.next() * maxPauseMs, undefined, { signal: this.#stop.signal }).catch(() => {});
  }
}

/** Updates, moves of either key column, deletes and inserts. Takes ids that come into being from `missing`. */
function transactionOf(
  ids: readonly number[],
  missing: number[],
  random: SeededRandom,
): { sql: string; touched: readonly number[]; kept: readonly number[] } {
  const statements: string[] = [];
  const touched = [...ids];
  // Those that still exist under the same key.
  const kept: number[] = [];
  for (const id of ids) {
    const dice = random.next();
    const fresh = dice < 0.2 ? missing.pop() : undefined;
    if (fresh !== undefined) touched.push(fresh);
    if (fresh !== undefined && dice < 0.1) {
      statements.push(`INSERT INTO items VALUES (${fresh}, ${random.below(16)}, 1)`);
      statements.push(`UPDATE items SET version = version + 1 WHERE id = ${id}`);
    } else if (fresh !== undefined) {
      statements.push(`UPDATE items SET id = ${fresh}, version = version + 1 WHERE id = ${id}`);
    } else if (dice < 0.35) {
      statements.push(`UPDATE items SET shelf = shelf + 1, version = version + 1 WHERE id = ${id}`);
    } else if (dice < 0.45) {
      statements.push(`DELETE FROM items WHERE id = ${id}`);
    } else if (dice < 0.5) {
      statements.push(`DELETE FROM items WHERE id = ${id}`, `INSERT INTO items VALUES (${id}, 3, 7)`);
    } else {
      statements.push(`UPDATE items SET version = version + 1 WHERE id = ${id}`);
      kept.push(id);
    }
  }
  return { sql: statements.join('; '), touched, kept };
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

/** The connection is gone, or the server says that it goes, comes, or takes nobody (classes 57 and 08). */
function isOutage(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const state = 'severity' in error && 'code' in error ? String(error.code) : undefined;
  return state === undefined || /^(57|08)/.test(state);
}
