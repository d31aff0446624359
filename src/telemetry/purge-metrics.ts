import type { Counter, Gauge } from 'prom-client';
import type { Instruments } from './instruments.ts';

/** Purges by pattern, each of which may take minutes. */
export class PurgeMetrics {
  readonly #purgesRunning: Gauge;
  readonly #purgeFound: Counter;
  readonly #purgesResumed: Counter;

  constructor(instruments: Instruments) {
    this.#purgesRunning = instruments.gauge(
      'purges_running',
      'Patterns whose keys are being looked up and removed',
    );
    this.#purgeFound = instruments.counter(
      'purge_found_keys_total',
      'Keys that purges have found so far, those that run among them',
      [],
    );
    this.#purgesResumed = instruments.counter(
      'purges_resumed_total',
      'Purges that went on where an earlier session had stopped',
      [],
    );
  }

  purgeBegan(): void {
    this.#purgesRunning.inc();
  }

  purgeFound(keys: number): void {
    this.#purgeFound.inc(keys);
  }

  purgeEnded(): void {
    this.#purgesRunning.dec();
  }

  purgeResumed(): void {
    this.#purgesResumed.inc();
  }
}
