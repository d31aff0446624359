import { Socket } from 'node:net';
import { type CustomTypesConfig, Pool, type PoolClient } from 'pg';
import type { LockingQuery, Query } from '../../domain/query.ts';
import { connectionOptions } from './connection-options.ts';
import { classifyPostgresError } from './postgres-errors.ts';

export interface PoolLimits {
  readonly connections: number;
  /** For connecting, and for an answer. */
  readonly timeoutMs: number;
}

/** Four for the queries of rules, and one for the visibility probe. */
const PRIMARY_LIMITS: PoolLimits = { connections: 5, timeoutMs: 10_000 };
/** The server gives up a statement before the client takes its silence for a lost connection. */
const STATEMENT_SHARE = 0.8;
/** The longest time that a timer of Node can take: 24 days. */
const PATIENT_TIMEOUT_MS = 2 ** 31 - 1;

const TEXT_FORM: CustomTypesConfig = { getTypeParser: () => (text: unknown) => text };

/** Ordinary SQL beside the replication stream: the visibility probe, the catalog, the slot's state. */
export class QueryPool implements AsyncDisposable {
  readonly #pool: Pool;
  readonly #sockets = new Set<Socket>();

  constructor(url: string, { connections, timeoutMs } = PRIMARY_LIMITS) {
    const shared = connectionOptions(url);
    this.#pool = new Pool({
      ...shared,
      // A query of a rule that row-level security would filter is refused: what it left out would stay stale unseen.
      options: `${shared.options ?? ''} -c row_security=off`,
      max: connections,
      connectionTimeoutMillis: timeoutMs,
      statement_timeout: timeoutMs * STATEMENT_SHARE,
      query_timeout: timeoutMs,
      stream: () => this.#socket(),
    });
    // An idle client that loses its connection is dropped by the pool; the next query reports the fault.
    this.#pool.on('error', () => {});
  }

  readonly query: Query = async <Row extends object>(sql: string, values: readonly unknown[] = []) => {
    try {
      // Without values the driver takes the simple protocol: one message instead of five.
      const result = await this.#pool.query<Row>(sql, values.length === 0 ? undefined : [...values]);
      return result.rows;
    } catch (error) {
      throw classifyPostgresError(error);
    }
  };

  /** The same with every value in Postgres' text form, as the stream has them; NULL is null. */
  readonly textQuery: Query = async <Row extends object>(sql: string, values: readonly unknown[] = []) => {
    try {
      return (await this.#pool.query<Row>({ text: sql, values: [...values], types: TEXT_FORM })).rows;
    } catch (error) {
      throw classifyPostgresError(error);
    }
  };

  /**
   * For what waits for other transactions, such as making a slot: without the time limit, on a connection of its own.
   * The server gives up when this process is gone; else a slot that nobody reads could appear later.
   */
  readonly patientQuery: Query = <Row extends object>(sql: string, values: readonly unknown[] = []) =>
    this.#runPatiently<Row>(sql, values);

  /** The same with a limit for each lock that it waits for: others of the application may wait behind it. */
  readonly lockingQuery: LockingQuery = async (sql, lockTimeoutMs, onBackend) => {
    await this.#runPatiently(sql, [], async (client) => {
      await client.query(`SET lock_timeout = ${lockTimeoutMs}`);
      const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
      for (const { pid } of rows) onBackend(pid);
    });
  };

  /** At once: ending a connection politely would wait for ever for a server that is gone without a word. */
  async [Symbol.asyncDispose](): Promise<void> {
    const ended = this.#pool.end();
    for (const socket of this.#sockets) socket.destroy();
    await ended;
  }

  async #runPatiently<Row extends object>(
    sql: string,
    values: readonly unknown[],
    begin: (client: PoolClient) => Promise<void> = async () => {},
  ): Promise<readonly Row[]> {
    let client: PoolClient | undefined;
    try {
      client = await this.#pool.connect();
      // Refused where the server's system cannot tell that a client is gone; then it finishes instead.
      await client.query("SET client_connection_check_interval = '2s'").catch(() => {});
      await client.query('SET statement_timeout = 0');
      await begin(client);
      const patient = { text: sql, values: [...values], query_timeout: PATIENT_TIMEOUT_MS };
      return (await client.query<Row>(patient)).rows;
    } catch (error) {
      throw classifyPostgresError(error);
    } finally {
      // Closed, not reused: the settings above belong to this statement alone.
      client?.release(true);
    }
  }

  #socket(): Socket {
    const socket = new Socket();
    this.#sockets.add(socket);
    return socket.once('close', () => this.#sockets.delete(socket));
  }
}
