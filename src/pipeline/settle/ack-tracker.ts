import { type Lsn, type SettledLsn, ZERO_LSN } from '../../domain/lsn.ts';

interface Ticket {
  position: Lsn | undefined;
  done: boolean;
}

/**
 * Decides what may be acknowledged. Batches are opened in the order of the stream and complete in any order; the
 * settled position is that of the last batch before which, itself included, every batch is complete. It never goes
 * back. Postgres forgets what lies before a confirmed position, so nothing else in the code may name one.
 */
export class AckTracker {
  readonly #inFlight: Ticket[] = [];
  #settled = ZERO_LSN as SettledLsn;

  /** Places taken by batches that are not settled. */
  get outstanding(): number {
    return this.#inFlight.length;
  }

  /**
   * Takes note of a batch before anything of it is applied.
   * @param position what it settles; undefined for a part of a transaction, which settles nothing by itself
   * @returns to be called once, when every effect of the batch was accepted; returns the position to confirm
   */
  open(position: Lsn | undefined): () => SettledLsn {
    this.#joinLast();
    const ticket: Ticket = { position, done: false };
    this.#inFlight.push(ticket);
    return () => {
      ticket.done = true;
      return this.#settle();
    };
  }

  /** Batches without effects are complete at once: however many come after one that waits, they take one place. */
  #joinLast(): void {
    const [before, last] = this.#inFlight.slice(-2);
    if (before?.done !== true || last?.done !== true) return;
    this.#inFlight.pop();
    const { position } = last;
    if (position !== undefined && position > (before.position ?? ZERO_LSN)) before.position = position;
  }

  #settle(): SettledLsn {
    while (this.#inFlight[0]?.done === true) {
      const position = this.#inFlight.shift()?.position;
      if (position !== undefined && position > this.#settled) this.#settled = position as SettledLsn;
    }
    return this.#settled;
  }
}
