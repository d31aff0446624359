/**
 * ALTER PUBLICATION ... ADD TABLE does not wait for open transactions: rows that they wrote before it are not in the
 * stream, though they commit after it. So the keys are purged once more when all that ran at the time have ended.
 *
 *     raise(what, an id past every transaction of that time) ... passed(a later snapshot) -> what is due
 *
 * What is raised lives in memory: a fingerprint may be written down only once its barriers have been passed, so that
 * the next process finds the same change again.
 */
export class ActivationBarrier<What> {
  #raised: readonly { readonly what: What; readonly nextXid: bigint }[] = [];

  /** How many wait. */
  get size(): number {
    return this.#raised.length;
  }

  /** @param nextXid not xmax of a snapshot, which is past the last that has ended: one that runs may have a greater id */
  raise(what: What, nextXid: bigint): void {
    this.#raised = [...this.#raised, { what, nextXid }];
  }

  /** Takes out what is due; purge after this call, for only now is every row that was missed visible. */
  passed({ xmin }: { readonly xmin: bigint }): readonly What[] {
    const due = this.#raised.filter(({ nextXid }) => xmin >= nextXid);
    this.#raised = this.#raised.filter(({ nextXid }) => xmin < nextXid);
    return due.map(({ what }) => what);
  }
}
