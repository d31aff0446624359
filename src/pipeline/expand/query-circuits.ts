import type { Origin } from '../../domain/effect.ts';

/** One or two may be a migration's lock, or a cache that is cold after a restart; three in a row are no accident. */
const TIMEOUTS_TO_OPEN = 3;
/** Trying takes at most 8 s of each 68 then, and a query that was mended is asked again within a minute. */
const PAUSE_MS = 60_000;

/** `skipped`: a batch got the coarse answer because the circuit is open. */
export type CircuitEvent = 'opened' | 'skipped' | 'closed';

export interface CircuitOptions {
  readonly onCircuit: (origin: Origin, event: CircuitEvent) => void;
  /** The time, from whatever beginning. */
  readonly nowMs: () => number;
}

/**
 * Spares batches the wait for a query that reaches its time limit again and again. One circuit a template:
 *
 *     closed --- timeouts in three batches in a row ---> open --- a minute ---> one batch asks --- in time ---> closed
 *                                                         ^------------------------- timeout ---'
 */
export class QueryCircuits {
  readonly #options: CircuitOptions;
  /** Of templates whose last batch had a timeout. */
  readonly #circuits = new Map<Origin, { timeouts: number; retryAtMs: number }>();

  constructor(options: CircuitOptions) {
    this.#options = options;
  }

  /** Whether a batch may ask the template's query; one that does reports how it went. */
  admits(origin: Origin): boolean {
    const circuit = this.#circuits.get(origin);
    if (circuit === undefined || circuit.timeouts < TIMEOUTS_TO_OPEN) return true;
    const { nowMs, onCircuit } = this.#options;
    if (nowMs() >= circuit.retryAtMs) {
      // The others go on without, until this one reports.
      circuit.retryAtMs = nowMs() + PAUSE_MS;
      return true;
    }
    onCircuit(origin, 'skipped');
    return false;
  }

  /** A batch has asked. @param isTimeout for some of its rows at least; a refusal is an answer in time */
  report(origin: Origin, isTimeout: boolean): void {
    const { nowMs, onCircuit } = this.#options;
    const before = this.#circuits.get(origin)?.timeouts ?? 0;
    if (isTimeout) {
      this.#circuits.set(origin, { timeouts: before + 1, retryAtMs: nowMs() + PAUSE_MS });
      if (before + 1 === TIMEOUTS_TO_OPEN) onCircuit(origin, 'opened');
    } else {
      this.#circuits.delete(origin);
      if (before >= TIMEOUTS_TO_OPEN) onCircuit(origin, 'closed');
    }
  }
}
