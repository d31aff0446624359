/** The part of `pg_current_snapshot()` that counts here. */
export interface SnapshotBounds {
  /** Every transaction before it has ended. */
  readonly xmin: bigint;
  /** No transaction from it on had begun. */
  readonly xmax: bigint;
}

/**
 * ALTER PUBLICATION ... ADD TABLE does not wait for open transactions: rows that they wrote before it are not in the
 * stream, though they commit after it. So the keys are purged once more when all that ran at the time have ended.
 *
 *     raise(what, snapshot in which the table is published) ... passed(a later snapshot) -> what is due
 *
 * What is raised lives in memory: a fingerprint may be written down only once its barriers have been passed, so that
 * the next process finds the same change again.
 */
export class ActivationBarrier<What> {
  #raised: readonly { readonly what: What; readonly xmax: bigint }[] = [];

  /** How many wait. */
  get size(): number {
    return this.#raised.length;
  }

  raise(what: What, { xmax }: Pick<SnapshotBounds, 'xmax'>): void {
    this.#raised = [...this.#raised, { what, xmax }];
  }

  /** Takes out what is due; purge after this call, for only now is every row that was missed visible. */
  passed({ xmin }: Pick<SnapshotBounds, 'xmin'>): readonly What[] {
    const due = this.#raised.filter(({ xmax }) => xmin >= xmax);
    this.#raised = this.#raised.filter(({ xmax }) => xmin < xmax);
    return due.map(({ what }) => what);
  }
}
