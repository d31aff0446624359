import pg from 'pg';
import { RetryableError } from '../../domain/errors.ts';
import type { Query } from '../../domain/query.ts';
import { connectionOptions } from './connection-options.ts';
import { classifyPostgresError } from './postgres-errors.ts';

const QUERY_TIMEOUT_MS = 10_000;

/** Ordinary SQL beside the replication stream: the visibility probe, the catalog, the slot's state. */
export class QueryPool implements AsyncDisposable {
  readonly #pool: pg.Pool;

  constructor(url: string) {
    this.#pool = new pg.Pool({
      ...connectionOptions(url),
      max: 2,
      query_timeout: QUERY_TIMEOUT_MS,
    });
    // An idle client that loses its connection is dropped by the pool; the next query reports the fault.
    this.#pool.on('error', () => {});
  }

  readonly query: Query = async <Row extends object>(sql: string, values: readonly unknown[] = []) => {
    try {
      const result = await this.#pool.query<Row>(sql, [...values]);
      return result.rows;
    } catch (error) {
      throw classifyPostgresError(error);
    }
  };

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool.end().catch((error: unknown) => {
      throw new RetryableError('closing the query pool failed', { cause: error });
    });
  }
}
