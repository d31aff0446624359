import type { SqlClient } from '../../support/sql-client.ts';
import { READERS_NAME } from './hot-row.ts';

const INTERVAL_MS = 50;

/** How many connections the readers have open at once, looked at many times a second until it is stopped. */
export class PeakConnections {
  readonly #sql: SqlClient;
  #isStopped = false;
  #peak = 0;
  readonly #watching: Promise<void>;

  constructor(sql: SqlClient) {
    this.#sql = sql;
    this.#watching = this.#watch();
  }

  async stop(): Promise<number> {
    this.#isStopped = true;
    await this.#watching;
    return this.#peak;
  }

  async #watch(): Promise<void> {
    while (!this.#isStopped) {
      const open = await this.#sql.value<number>(
        'SELECT count(*)::int FROM pg_stat_activity WHERE application_name = $1',
        [READERS_NAME],
      );
      this.#peak = Math.max(this.#peak, open);
      await new Promise((resolve) => setTimeout(resolve, INTERVAL_MS));
    }
  }
}
