import { setTimeout as sleep } from 'node:timers/promises';
import type { HotCache } from './contender.ts';
import type { HotRow } from './hot-row.ts';
import { monotonicMs, type ReaderFigures } from './reader-messages.ts';

interface Crowd {
  readonly readersPerProcess: number;
  readonly meanPauseMs: number;
}

/** Many readers of one key in this process, each of which reads, pauses and reads again. */
export class Readers {
  readonly #cache: HotCache;
  readonly #loadRow: () => Promise<HotRow>;
  readonly #crowd: Crowd;
  #loops: readonly Promise<void>[] = [];
  #isReading = false;
  #isTimed = false;
  #loads = 0;
  #latenciesMs: number[] = [];
  #failures = new Map<string, number>();
  #lastReadMs = new Map<number, number>();
  #countsBefore: Readonly<Record<string, number>> = {};

  constructor(cache: HotCache, loadRow: () => Promise<HotRow>, crowd: Crowd) {
    this.#cache = cache;
    this.#loadRow = loadRow;
    this.#crowd = crowd;
  }

  /** Fills the cache, then sends the crowd. */
  async start(): Promise<void> {
    await this.#cache.read(this.#load);
    this.#isReading = true;
    this.#loops = Array.from({ length: this.#crowd.readersPerProcess }, () => this.#readAgainAndAgain());
  }

  record(): void {
    this.#isTimed = true;
    this.#loads = 0;
    this.#latenciesMs = [];
    this.#failures = new Map();
    this.#lastReadMs = new Map();
    this.#countsBefore = this.#cache.counts?.() ?? {};
  }

  /** They go on, untimed: who must load for the last invalidation may still do so. */
  settle(): void {
    this.#isTimed = false;
  }

  async finish(): Promise<ReaderFigures> {
    this.#isReading = false;
    await Promise.all(this.#loops);
    const loads = this.#loads;
    const counts = Object.entries(this.#cache.counts?.() ?? {});
    const { version } = await this.#cache.read(this.#load);
    return {
      latenciesMs: Float64Array.from(this.#latenciesMs),
      loads,
      failures: [...this.#failures].map(([text, times]) => `${times} times: ${text}`),
      lastReadMs: this.#lastReadMs,
      finalVersion: version,
      counts: Object.fromEntries(
        counts.map(([name, count]) => [name, count - (this.#countsBefore[name] ?? 0)]),
      ),
    };
  }

  readonly #load = async (): Promise<HotRow> => {
    this.#loads++;
    return this.#loadRow();
  };

  async #readAgainAndAgain(): Promise<void> {
    const { meanPauseMs } = this.#crowd;
    // Spread over one pause, for they have not come together.
    await sleep(meanPauseMs * Math.random());
    while (this.#isReading) {
      await this.#readOnce();
      await sleep(meanPauseMs * (0.5 + Math.random()));
    }
  }

  async #readOnce(): Promise<void> {
    const isTimed = this.#isTimed;
    const startMs = monotonicMs();
    try {
      const { version } = await this.#cache.read(this.#load);
      if (!isTimed) return;
      this.#latenciesMs.push(monotonicMs() - startMs);
      this.#lastReadMs.set(version, Math.max(startMs, this.#lastReadMs.get(version) ?? 0));
    } catch (error) {
      const text = String(error);
      this.#failures.set(text, (this.#failures.get(text) ?? 0) + 1);
    }
  }
}
