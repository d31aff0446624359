import { QueryPool } from '../../../src/pipeline/capture/query-pool.ts';
import { TestContext } from '../test-context.ts';
import type { CommittedTransaction } from './history.ts';
import { createTables, sqlOf } from './tables-in-postgres.ts';
import { TABLE_NAMES } from './wire.ts';

/** The tables of a history in Postgres, for the queries of rules; what the stream says of them is made elsewhere. */
export class HistoryTables implements AsyncDisposable {
  readonly #context: TestContext;
  readonly #pool: QueryPool;

  private constructor(context: TestContext) {
    this.#context = context;
    this.#pool = new QueryPool(context.databaseUrl);
  }

  static async open(): Promise<HistoryTables> {
    const context = await TestContext.open();
    await createTables(context.sql, ['default', 'default']);
    return new HistoryTables(context);
  }

  /** Gives values in Postgres' text form. */
  get query(): QueryPool['textQuery'] {
    return this.#pool.textQuery;
  }

  async empty(): Promise<void> {
    await this.#context.sql.rows(TABLE_NAMES.map((name) => `DELETE FROM ${name}`).join('; '));
  }

  async commit(transaction: CommittedTransaction): Promise<void> {
    // Values as short as the stream says that they are.
    await this.#context.sql.rows(sqlOf(transaction, 0));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool[Symbol.asyncDispose]();
    await this.#context[Symbol.asyncDispose]();
  }
}
