import type { Background } from './background.ts';
import type { HeartbeatReader } from './heartbeat-reader.ts';
import type { TimeSource } from './time-source.ts';

export interface FreshnessBound {
  /** How far Freshet may be behind. */
  readonly maxLagMs: number;
  /** What to do where it is further behind, or nobody knows: go around the cache, or store nothing for longer. */
  readonly policy: 'bypass' | 'shorten';
}

/** So long Redis keeps a heartbeat that is written no more; later nobody knows how old it would be. */
export const LONGEST_LAG_MS = 86_400_000;

/** The heartbeat is read at most so often; more often only where the bound is nearer. */
const READ_EVERY_MS = 1_000;

/**
 * Whether what the cache holds is as fresh as was asked for. Between two readings a heartbeat is taken to have stopped:
 * its age grows with the clock, so that the answer errs towards the database only.
 */
export class Freshness {
  readonly #bound: FreshnessBound | undefined;
  readonly #heartbeat: HeartbeatReader;
  readonly #background: Background;
  readonly #time: TimeSource;
  #last: { readonly ageMs: number; readonly atMs: number } | undefined;
  #reading: Promise<void> | undefined;

  constructor(
    bound: FreshnessBound | undefined,
    heartbeat: HeartbeatReader,
    background: Background,
    time: TimeSource,
  ) {
    this.#bound = bound;
    this.#heartbeat = heartbeat;
    this.#background = background;
    this.#time = time;
  }

  async mustGoAround(): Promise<boolean> {
    return this.#bound?.policy === 'bypass' && this.#isBehind(this.#bound);
  }

  /** What is stored now is not to live longer. */
  async longestLifeMs(): Promise<number> {
    const bound = this.#bound;
    const isShort = bound?.policy === 'shorten' && (await this.#isBehind(bound));
    return isShort ? bound.maxLagMs : Number.POSITIVE_INFINITY;
  }

  /** Waits for a reading only where the last one says nothing good any more. */
  async #isBehind({ maxLagMs }: FreshnessBound): Promise<boolean> {
    const isDue = this.#sinceReadingMs() >= Math.min(READ_EVERY_MS, maxLagMs / 2);
    if (isDue && this.#reading === undefined) {
      this.#reading = this.#read();
      this.#background.add(this.#reading);
    }
    if (this.#ageMs() > maxLagMs) await this.#reading;
    return this.#ageMs() > maxLagMs;
  }

  async #read(): Promise<void> {
    const atMs = this.#time.now();
    const beat = await this.#heartbeat.read();
    this.#last = { ageMs: beat?.ageMs ?? Number.POSITIVE_INFINITY, atMs };
    this.#reading = undefined;
  }

  #ageMs(): number {
    return (this.#last?.ageMs ?? Number.POSITIVE_INFINITY) + this.#sinceReadingMs();
  }

  #sinceReadingMs(): number {
    return this.#last === undefined ? Number.POSITIVE_INFINITY : this.#time.now() - this.#last.atMs;
  }
}
