import type { Lsn } from '../domain/lsn.ts';
import { ActivationBarrier } from './activation-barrier.ts';

/** The moment at which a look at the catalog saw a change. */
export interface Seen {
  readonly lsn: Lsn;
  /** An id that every transaction of that moment is before. */
  readonly nextXid: bigint;
}

/**
 * What was purged at the sight of a change in the catalog, and is to be purged once more: when the stream has come to
 * the place where the change was seen, for rows of before may be applied until then; and where changes are missing from
 * the stream, when all transactions that ran at the sight have ended. Lives in memory, as its ActivationBarrier does.
 */
export class RepeatedPurges<What> {
  readonly #barrier = new ActivationBarrier<What>();
  #behind: readonly { readonly what: What; readonly lsn: Lsn }[] = [];
  #position: Lsn | undefined;

  /** How many are to come. */
  get size(): number {
    return this.#behind.length + this.#barrier.size;
  }

  /** @param isMissed changes by transactions of that time are not all in the stream */
  raise(what: What, { lsn, nextXid }: Seen, isMissed: boolean): void {
    if (this.#position === undefined || this.#position < lsn) this.#behind = [...this.#behind, { what, lsn }];
    if (isMissed) this.#barrier.raise(what, nextXid);
  }

  /** Takes out what is due now that the stream has come this far. */
  reached(position: Lsn): readonly What[] {
    this.#position = position;
    if (this.#behind.length === 0) return [];
    const due = this.#behind.filter(({ lsn }) => lsn <= position);
    this.#behind = this.#behind.filter(({ lsn }) => lsn > position);
    return due.map(({ what }) => what);
  }

  /** Takes out what is due now that transactions are visible in this snapshot. */
  passed(snapshot: { readonly xmin: bigint }): readonly What[] {
    return this.#barrier.passed(snapshot);
  }
}
