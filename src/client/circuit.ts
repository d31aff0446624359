export interface CircuitOptions {
  /** So many failures in a row open it. */
  readonly failures: number;
  /** For how long it then is open. */
  readonly pauseMs: number;
}

/**
 * Spares callers the wait for a Redis that does not answer:
 *
 *     closed --failures in a row--> open --pause is over--> trial: one call --success--> closed
 *                                    ^-----------------failure--'
 */
export class Circuit {
  readonly #options: CircuitOptions;
  readonly #now: () => number;
  readonly #onChange: (isOpen: boolean) => void;
  #failures = 0;
  #openUntilMs: number | undefined;
  #isTrying = false;

  constructor(options: CircuitOptions, now: () => number, onChange: (isOpen: boolean) => void) {
    this.#options = options;
    this.#now = now;
    this.#onChange = onChange;
  }

  /** Whether a call may be made now; whoever is told yes reports how it ended. */
  admits(): boolean {
    if (this.#openUntilMs === undefined) return true;
    if (this.#isTrying || this.#now() < this.#openUntilMs) return false;
    this.#isTrying = true;
    return true;
  }

  succeeded(): void {
    this.#failures = 0;
    // Only the trial closes it: another call's success may have been under way since before the trouble.
    if (!this.#isTrying) return;
    this.#isTrying = false;
    this.#openUntilMs = undefined;
    this.#onChange(false);
  }

  failed(): void {
    this.#failures++;
    const isOpen = this.#openUntilMs !== undefined;
    if (!isOpen && this.#failures < this.#options.failures) return;
    this.#isTrying = false;
    this.#openUntilMs = this.#now() + this.#options.pauseMs;
    if (!isOpen) this.#onChange(true);
  }
}
