import type { CacheEvent } from './cache-event.ts';

type Kind = CacheEvent['kind'];

/** How often each event has happened since the cache was made, and what waiting took, in milliseconds. */
export type CacheStats = Readonly<Record<Kind | 'loadMs' | 'leaseWaitMs', number>>;

/** Where all events pass: counts them, and tells whoever listens. */
export class Observer {
  readonly #onEvent: ((event: CacheEvent) => unknown) | undefined;
  readonly #counts = {
    hit: 0,
    staleServed: 0,
    miss: 0,
    joined: 0,
    leaseWaited: 0,
    loaded: 0,
    loadFailed: 0,
    loadRefused: 0,
    filled: 0,
    fillRefused: 0,
    encodeFailed: 0,
    bypassed: 0,
    foreign: 0,
    brokenPayload: 0,
    redisFailed: 0,
    circuitOpened: 0,
    circuitClosed: 0,
    loadMs: 0,
    leaseWaitMs: 0,
  } satisfies Record<keyof CacheStats, number>;

  constructor(onEvent?: (event: CacheEvent) => unknown) {
    this.#onEvent = onEvent;
  }

  report(event: CacheEvent): void {
    this.#counts[event.kind]++;
    if (event.kind === 'loaded') this.#counts.loadMs += event.ms;
    if (event.kind === 'leaseWaited') this.#counts.leaseWaitMs += event.ms;
    try {
      const answer = this.#onEvent?.(event);
      if (answer instanceof Promise) answer.catch(() => {});
    } catch {
      // A fault of a hook is not the reader's.
    }
  }

  stats(): CacheStats {
    return { ...this.#counts };
  }
}
