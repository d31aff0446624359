import { type Lsn, parseLsn } from '../../../src/domain/lsn.ts';
import { ruleText } from '../../integration/rule-text.ts';
import type { TestContext } from '../../support/test-context.ts';
import { waitFor } from '../../support/wait-for.ts';

/** Enough that a key is written in few rounds only: a later write would hide that a delete was lost. */
const ROWS = 300;

/** What a reader knows of a row that does not exist. */
export const NO_ROW = 'no row';

/** What a key is worth: the version of its row as text, or NO_ROW. */
export type Version = string;

/** The tag of a key, where rules purge tags. */
export function tagOf(key: string): string {
  return `${key}:tag`;
}

/** The table under test; each row has one key. No two writes, of whatever row, store the same version. */
export class RaceTable {
  readonly ids: readonly number[] = Array.from({ length: ROWS }, (_, index) => index + 1);
  readonly #context: TestContext;
  #version = 0;

  private constructor(context: TestContext) {
    this.#context = context;
  }

  static async create(context: TestContext): Promise<RaceTable> {
    // Two thirds of the rows exist at first.
    await context.sql.rows(`
      CREATE TABLE items (id int PRIMARY KEY, version int NOT NULL);
      INSERT INTO items SELECT id, 0 FROM generate_series(1, ${ROWS}) id WHERE id % 3 > 0`);
    return new RaceTable(context);
  }

  key(id: number): string {
    return this.#context.key(`item:${id}`);
  }

  nextVersion(): number {
    return ++this.#version;
  }

  /** @param action of the rule; delete where there is none */
  rules(action: Readonly<Record<string, unknown>> = {}): string {
    const key = 'purgeTag' in action ? tagOf('item:${id}') : 'item:${id}';
    const rule = { name: 'item', table: 'public.items', keys: [key], ...action };
    return ruleText(this.#context.keyPrefix, [rule]);
  }

  /** By row, as a new snapshot of the primary has them. */
  async versions(): Promise<ReadonlyMap<number, Version>> {
    const found = await this.#context.sql.rows<{ id: number; version: number }>('SELECT * FROM items');
    const versions = new Map<number, Version>(this.ids.map((id) => [id, NO_ROW]));
    for (const { id, version } of found) versions.set(id, String(version));
    return versions;
  }

  /** Resolves when no client of the test is inside a statement: a COMMIT that waits is one. */
  async untilIdle(): Promise<void> {
    const busy = `
      SELECT count(*)::int FROM pg_stat_activity
       WHERE datname = current_database() AND application_name = 'freshet-test'
         AND pid <> pg_backend_pid() AND state <> 'idle'`;
    const isIdle = async () => (await this.#context.sql.value<number>(busy)) === 0;
    await waitFor(isIdle, { what: 'the clients of the race to be idle', intervalMs: 2 });
  }

  /** At or after the end of every commit that a client knows of. */
  async walEnd(): Promise<Lsn> {
    return parseLsn(await this.#context.sql.value<string>('SELECT pg_current_wal_flush_lsn()'));
  }
}
