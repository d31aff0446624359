import type { Table, TableName } from '../domain/table.ts';
import type { PgoutputDecoder } from '../pipeline/decode/pgoutput-decoder.ts';
import type { ChangePlanner } from './change-planner.ts';
import type { TableRoot } from './table-root.ts';

export interface TableBinderOptions {
  readonly decoder: Pick<PgoutputDecoder, 'want'>;
  readonly planner: Pick<ChangePlanner, 'bind'>;
  /** The name that rules know a table by: of the partitioned table at the top, or its own. */
  readonly rootOf: (table: Table) => Promise<TableRoot>;
  /** Resolves once the transaction is visible to new snapshots on the primary, where the catalog is read. */
  readonly untilVisible: (xid: number) => Promise<void>;
  readonly observer: TableObserver;
}

export interface TableObserver {
  /** A table of the stream lacks columns that its rules read; its keys are purged instead of deleted singly. */
  columnsMissing(table: Table, columns: readonly string[]): void;
}

/** By oid: the name that rules know each of these tables by; without those that are gone. */
export type RootNames = (oids: readonly number[]) => Promise<ReadonlyMap<number, TableName>>;

interface Bound {
  readonly table: Table;
  readonly root: TableName;
}

/** Binds the tables of the stream to rules, by the name that rules know each by. */
export class TableBinder {
  readonly #options: TableBinderOptions;
  readonly #bound = new Map<number, Bound>();

  constructor(options: TableBinderOptions) {
    this.#options = options;
  }

  /**
   * Waits only for a table that concerns no rule as far as the catalog tells, but may become a rule's partition.
   * @param xid of the transaction that describes the table
   */
  async bind(table: Table, xid: number | undefined): Promise<void> {
    const { rootOf, untilVisible } = this.#options;
    this.#bound.delete(table.oid);
    const root = await rootOf(table);
    if (this.#bindTo(root.name, table) || root.isCertain) return;
    if (xid !== undefined) await untilVisible(xid);
    this.#bindTo((await rootOf(table)).name, table);
  }

  /**
   * Binds those anew that the catalog has under another name now: the stream says nothing when a table above a partition
   * is renamed, nor does Postgres 14 when a schema is.
   * @returns the names that they had, and have
   */
  async rebind(namesOf: RootNames): Promise<readonly TableName[]> {
    const before = [...this.#bound];
    const names = await namesOf(before.map(([oid]) => oid));
    return before.flatMap(([oid, bound]) => {
      const name = names.get(oid);
      const isDescribedAgain = this.#bound.get(oid) !== bound;
      if (name === undefined || isDescribedAgain || isSame(name, bound.root)) return [];
      this.#bindTo(name, bound.table);
      return [bound.root, name];
    });
  }

  /** @returns whether a rule concerns the table */
  #bindTo(root: TableName, table: Table): boolean {
    const { decoder, planner, observer } = this.#options;
    this.#bound.set(table.oid, { table, root });
    const columns = planner.bind(table, root);
    if (columns === undefined) return false;
    decoder.want(table, columns);
    const missing = columns.difference(new Set(table.columns.map(({ name }) => name)));
    if (missing.size > 0) observer.columnsMissing(table, [...missing]);
    return true;
  }
}

function isSame(a: TableName, b: TableName): boolean {
  return a.schema === b.schema && a.name === b.name;
}
