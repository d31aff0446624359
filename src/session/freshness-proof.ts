import { type Lsn, ZERO_LSN } from '../domain/lsn.ts';

/** Where the WAL ended at an instant or later; the instant by the clock of this process, which never jumps. */
export interface WalEndSighting {
  readonly askedMs: number;
  readonly walEnd: Lsn;
}

/** Of the age of the oldest sighting: those that follow each other closer are forgotten, the proof gets coarser so. */
const RESOLUTION = 0.01;

/**
 * Proves how fresh the keys are, without comparing clocks: whatever was committed before an instant is in the WAL
 * before the end that the primary told after it, so once that end is settled, all of it is applied.
 *
 *     ask at t ... the WAL ends at X ... X is settled: as fresh as of t
 */
export class FreshnessProof {
  #open: readonly WalEndSighting[] = [];
  #settled = ZERO_LSN;
  #provenMs: number | undefined;

  /** The newest instant of which it is proven that everything committed before it is applied. */
  get provenMs(): number | undefined {
    return this.#provenMs;
  }

  /** In the order of the instants. */
  saw(sighting: WalEndSighting): void {
    this.#open = [...this.#open.slice(0, this.#isReplacedBy(sighting) ? -1 : undefined), sighting];
    this.#prove();
  }

  settled(position: Lsn): void {
    this.#settled = position;
    this.#prove();
  }

  /** Whether the last sighting tells little that a new one does not. */
  #isReplacedBy({ askedMs, walEnd }: WalEndSighting): boolean {
    const [first] = this.#open;
    const [before, last] = this.#open.slice(-2);
    if (this.#open.at(-1)?.walEnd === walEnd) return true;
    if (first === undefined || before === undefined || last === undefined) return false;
    return last.askedMs - before.askedMs < (askedMs - first.askedMs) * RESOLUTION;
  }

  #prove(): void {
    let proven = 0;
    for (const { askedMs, walEnd } of this.#open) {
      if (walEnd > this.#settled) break;
      this.#provenMs = askedMs;
      proven++;
    }
    if (proven > 0) this.#open = this.#open.slice(proven);
  }
}
