import { setTimeout as sleep } from 'node:timers/promises';
import { type Lsn, parseLsn } from '../../src/domain/lsn.ts';
import type { SqlClient } from '../support/sql-client.ts';
import type { ItemCache } from './item-cache.ts';
import type { Commit } from './writers.ts';

const INTERVAL_MS = 50;

/**
 * Watches what was promised to Postgres: at no moment may a position be confirmed while a key is left whose row was
 * changed at or before it. The position is read first and the keys after it, so a daemon that does right is never
 * accused; one that confirms first is caught by whatever it had not yet removed.
 */
export class AckWatch {
  readonly #sql: SqlClient;
  readonly #slot: string;
  readonly #cache: ItemCache;
  #unconfirmed: Commit[] = [];
  #checkedRows = 0;
  readonly #early = new Set<string>();

  constructor(sql: SqlClient, slot: string, cache: ItemCache) {
    this.#sql = sql;
    this.#slot = slot;
    this.#cache = cache;
  }

  committed(commit: Commit): void {
    this.#unconfirmed.push(commit);
  }

  /** Keys that were still there although the change of their row was confirmed. */
  get early(): readonly string[] {
    return [...this.#early];
  }

  /** Rows whose confirmed changes were checked; 0 would mean that nothing was proved. */
  get checkedRows(): number {
    return this.#checkedRows;
  }

  async confirmed(): Promise<Lsn> {
    return parseLsn(
      await this.#sql.value<string>(
        'SELECT confirmed_flush_lsn FROM pg_replication_slots WHERE slot_name = $1',
        [this.#slot],
      ),
    );
  }

  async check(): Promise<void> {
    const confirmed = await this.confirmed();
    const settled = new Set(this.#unconfirmed.filter(({ notAfter }) => notAfter <= confirmed));
    const ids = [...settled].flatMap((commit) => commit.ids);
    const keys = ids.flatMap((id) => this.#cache.filledKeys(id));
    for (const key of await this.#cache.existing(keys)) this.#early.add(key);
    // Only now: where Redis did not answer, they are looked at again.
    this.#unconfirmed = this.#unconfirmed.filter((commit) => !settled.has(commit));
    this.#checkedRows += ids.length;
  }

  /** Checks again and again until aborted; an outage of a server is a reason to wait. */
  async watch(signal: AbortSignal): Promise<void> {
    // ioredis answers nothing more to a command that waits when its client is closed while it reconnects.
    const { promise: aborted, resolve } = Promise.withResolvers<void>();
    signal.addEventListener('abort', () => resolve(), { once: true });
    while (!signal.aborted) {
      await Promise.race([this.check().catch(() => {}), aborted]);
      await sleep(INTERVAL_MS, undefined, { signal }).catch(() => {});
    }
  }
}
