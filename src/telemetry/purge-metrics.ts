import type { Counter, Gauge } from 'prom-client';
import type { Instruments } from './instruments.ts';

/** Purges by pattern, each of which may take minutes. */
export class PurgeMetrics {
  readonly #running: Gauge;
  readonly #foundKeys: Counter;
  readonly #resumed: Counter;

  constructor(instruments: Instruments) {
    this.#running = instruments.gauge(
      'purges_running',
      'Patterns whose keys are being looked up and removed',
    );
    this.#foundKeys = instruments.counter(
      'purge_found_keys_total',
      'Keys that purges have found so far, those that run among them',
      [],
    );
    this.#resumed = instruments.counter(
      'purges_resumed_total',
      'Purges that went on where an earlier session had stopped',
      [],
    );
  }

  began(): void {
    this.#running.inc();
  }

  found(keys: number): void {
    this.#foundKeys.inc(keys);
  }

  ended(): void {
    this.#running.dec();
  }

  resumed(): void {
    this.#resumed.inc();
  }
}
