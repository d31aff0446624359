import { setTimeout as sleep } from 'node:timers/promises';
import type { SqlClient } from '../../../support/sql-client.ts';
import type { KeyEvents } from '../key-events.ts';
import type { RaceTable } from '../race-table.ts';
import type { PlannedTransaction, PlannedWrite } from '../round-plan.ts';

export interface WriterOptions {
  readonly name: string;
  readonly sql: SqlClient;
  readonly table: RaceTable;
  readonly events: KeyEvents;
}

/** A connection of the application that changes rows and knows nothing of the cache. */
export class Writer {
  readonly #options: WriterOptions;

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  /** Resolves when the last COMMIT has returned: everything is visible to new snapshots of the primary. */
  async write(transactions: readonly PlannedTransaction[]): Promise<void> {
    for (const { writes, synchronousCommit, pauseMs } of transactions) {
      await sleep(pauseMs);
      await this.#commit(writes, synchronousCommit);
    }
  }

  async #commit(writes: readonly PlannedWrite[], synchronousCommit: string): Promise<void> {
    const { sql, table } = this.#options;
    const statements: string[] = [];
    const committed: (() => void)[] = [];
    for (const { id, kind } of writes) {
      const version = table.nextVersion();
      statements.push(kind === 'delete' ? deletion(id) : upsert(id, version));
      const what = kind === 'delete' ? 'no row' : `version ${version}`;
      this.#note(id, `begins to write ${what} (${synchronousCommit})`);
      committed.push(() => this.#note(id, `has committed ${what}`));
    }
    const begin = `BEGIN; SET LOCAL synchronous_commit = ${synchronousCommit}`;
    await sql.rows([begin, ...statements, 'COMMIT'].join('; '));
    for (const note of committed) note();
  }

  #note(id: number, what: string): void {
    const { events, table, name } = this.#options;
    events.note(table.key(id), `${name} ${what}`);
  }
}

function upsert(id: number, version: number): string {
  return `INSERT INTO items VALUES (${id}, ${version}) ON CONFLICT (id) DO UPDATE SET version = ${version}`;
}

function deletion(id: number): string {
  return `DELETE FROM items WHERE id = ${id}`;
}
