import type { TimeSource } from './time-source.ts';

const FIRST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 40;

/** The pauses between looks at a key that another process loads: short at first, each with jitter, all bounded. */
export class Patience {
  readonly #limitMs: number;
  readonly #time: TimeSource;
  readonly #sinceMs: number;
  #stepMs = FIRST_PAUSE_MS;

  constructor(limitMs: number, time: TimeSource) {
    this.#limitMs = limitMs;
    this.#time = time;
    this.#sinceMs = time.now();
  }

  get waitedMs(): number {
    return this.#time.now() - this.#sinceMs;
  }

  /** @returns false, at once, when it is over */
  async pause(): Promise<boolean> {
    const leftMs = this.#limitMs - this.waitedMs;
    if (leftMs <= 0) return false;
    const jittered = this.#stepMs * (0.5 + this.#time.random() / 2);
    this.#stepMs = Math.min(this.#stepMs * 1.5, LONGEST_PAUSE_MS);
    await this.#time.sleep(Math.min(jittered, leftMs));
    return true;
  }
}
