import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from '../support/test-context.ts';
import { waitFor } from '../support/wait-for.ts';

/** The example application as far as the demo needs one: its tables, and a cache that its pages have filled. */
export class Shop {
  readonly #context: TestContext;
  readonly #cachedSql: string;

  private constructor(context: TestContext, cachedSql: string) {
    this.#context = context;
    this.#cachedSql = cachedSql;
  }

  static async open(context: TestContext): Promise<Shop> {
    await context.sql.rows(await readText('schema.sql'));
    return new Shop(context, await readText('cached.sql'));
  }

  /** Reads every page once. @returns the keys that are cached now, with their values */
  async fillCache(): Promise<ReadonlyMap<string, string>> {
    const rows = await this.#context.sql.rows<{ key: string; value: string }>(this.#cachedSql);
    await this.#context.redis.mset(rows.flatMap(({ key, value }) => [key, value]));
    return new Map(rows.map(({ key, value }) => [key, value]));
  }

  /** Which of these keys no longer hold the value that the cache was filled with. */
  async changedKeys(cached: ReadonlyMap<string, string>): Promise<readonly string[]> {
    const keys = [...cached.keys()];
    const values = await this.#context.redis.mget(keys);
    return keys.filter((key, index) => values[index] !== cached.get(key));
  }

  /** Runs statements in turn. @returns when the last returned, on the clock of `performance.now()` */
  async change(statements: readonly string[]): Promise<number> {
    for (const statement of statements) await this.#context.sql.rows(statement);
    return performance.now();
  }

  /** Waits until Freshet has confirmed everything that was written so far: nothing more can go for it. */
  async untilSettled(deadlineMs: number): Promise<void> {
    const { sql, slot } = this.#context;
    const end = await sql.value<string>('SELECT pg_current_wal_flush_lsn()::text');
    await waitFor(
      () =>
        sql.value<boolean>(
          'SELECT confirmed_flush_lsn >= $1::pg_lsn FROM pg_replication_slots WHERE slot_name = $2',
          [end, slot],
        ),
      { what: 'Freshet to confirm its position', deadlineMs },
    );
  }
}

async function readText(file: string): Promise<string> {
  return readFile(join(import.meta.dirname, file), 'utf8');
}
