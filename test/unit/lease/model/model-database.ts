export type Row = 'a' | 'b';

export interface Commit {
  /** Of its end; the first commit has 1. */
  readonly lsn: number;
  readonly row: Row;
  /** Resolved once every new snapshot contains it. */
  readonly shown: PromiseWithResolvers<void>;
  isVisible: boolean;
}

/**
 * Postgres, as far as it matters: a commit is in the log first, where the daemon reads it, and visible to readers some
 * time after that; commits of different rows become visible in any order.
 */
export class ModelDatabase {
  readonly #log: Commit[] = [];
  readonly #visible: Record<Row, number> = { a: 0, b: 0 };
  #grown = Promise.withResolvers<void>();

  flush(row: Row): Commit {
    const commit = { lsn: this.flushedLsn + 1, row, shown: Promise.withResolvers<void>(), isVisible: false };
    this.#log.push(commit);
    this.#grown.resolve();
    this.#grown = Promise.withResolvers();
    return commit;
  }

  show(commit: Commit): void {
    this.#visible[commit.row]++;
    commit.isVisible = true;
    commit.shown.resolve();
  }

  get flushedLsn(): number {
    return this.#log.length;
  }

  async commitAfter(lsn: number): Promise<Commit> {
    for (;;) {
      const commit = this.#log[lsn];
      if (commit !== undefined) return commit;
      await this.#grown.promise;
    }
  }

  /** What a query reads now; the value of the key is made of both rows. */
  snapshot(): string {
    return `a${this.#visible.a} b${this.#visible.b}`;
  }
}
