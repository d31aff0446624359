import { Pool } from 'pg';
import type { SqlClient } from '../../support/sql-client.ts';

/** By which pg_stat_activity knows the readers' connections. */
export const READERS_NAME = 'stampede-readers';

/** Each process; ten is the default of `pg`, and would hide how many are wanted. */
const MAX_CONNECTIONS = 25;

export interface HotRow {
  readonly version: number;
  readonly body: string;
}

/** It takes 20 ms, and sees what was committed when it began. */
const LOAD = 'SELECT version, body, pg_sleep(0.02) FROM hot WHERE id = 1';

export async function createHotRow(sql: SqlClient): Promise<void> {
  await sql.rows(`
    CREATE TABLE hot (id int PRIMARY KEY, version int NOT NULL, body text NOT NULL);
    INSERT INTO hot VALUES (1, 0, repeat('x', 1000))`);
}

/** @returns the version that is committed now */
export async function changeHotRow(sql: SqlClient): Promise<number> {
  const [row] = await sql.rows<HotRow>('UPDATE hot SET version = version + 1 WHERE id = 1 RETURNING version');
  if (row === undefined) throw new Error('the hot row is gone');
  return row.version;
}

/** The database as a process of an application sees it. */
export class HotRowSource implements AsyncDisposable {
  readonly #pool: Pool;

  constructor(url: string) {
    this.#pool = new Pool({ connectionString: url, application_name: READERS_NAME, max: MAX_CONNECTIONS });
  }

  async load(): Promise<HotRow> {
    const { rows } = await this.#pool.query<HotRow>(LOAD);
    const [row] = rows;
    if (row === undefined) throw new Error('the hot row is gone');
    return { version: row.version, body: row.body };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool.end();
  }
}
