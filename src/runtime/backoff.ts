/** Delays that double up to a limit, each with jitter so that many processes do not return at the same moment. */
export class Backoff {
  readonly #initialMs: number;
  readonly #maxMs: number;
  readonly #random: () => number;
  #nextMs: number;

  constructor(
    { initialMs, maxMs }: { initialMs: number; maxMs: number },
    random: () => number = Math.random,
  ) {
    this.#initialMs = initialMs;
    this.#maxMs = maxMs;
    this.#random = random;
    this.#nextMs = initialMs;
  }

  /** The next delay in milliseconds: between half and all of the current step. */
  next(): number {
    const stepMs = this.#nextMs;
    this.#nextMs = Math.min(stepMs * 2, this.#maxMs);
    return stepMs * (0.5 + this.#random() / 2);
  }

  /** The thing has worked: the next fault waits only briefly again. */
  reset(): void {
    this.#nextMs = this.#initialMs;
  }
}
