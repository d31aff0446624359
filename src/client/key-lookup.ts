import { earlyFactor } from './early-refresh.ts';
import type { Lease, LeaseCommands } from './lease-commands.ts';
import type { Observer } from './observer.ts';
import type { ReadSettings } from './read-options.ts';

/** What a reader does about a key next. */
export type Lookup =
  /** Serves the value; undefined where there is none. With the lease it also refreshes it. */
  | { readonly kind: 'hit'; readonly value: unknown; readonly isStale: boolean; readonly lease?: Lease }
  /** Loads and fills. */
  | { readonly kind: 'leased'; readonly lease: Lease }
  /** Waits for another one that loads. */
  | { readonly kind: 'busy' }
  /** Loads and does not fill. */
  | { readonly kind: 'unleased'; readonly reason: 'redis' | 'unusable' };

/** Looks a key up in Redis, and takes its lease where that is for the asking. */
export class KeyLookup {
  readonly #commands: LeaseCommands;
  readonly #observer: Observer;
  readonly #random: () => number;

  constructor(commands: LeaseCommands, observer: Observer, random: () => number) {
    this.#commands = commands;
    this.#observer = observer;
    this.#random = random;
  }

  async lookUp(key: string, settings: ReadSettings): Promise<Lookup> {
    const found = await this.#once(key, settings);
    if (found !== 'broken') return found;
    // An absent key is never wrong. Whoever stores what cannot be read may store it again: one more look is enough.
    if (!(await this.#commands.remove([key]))) return { kind: 'unleased', reason: 'redis' };
    const again = await this.#once(key, settings);
    return again === 'broken' ? { kind: 'unleased', reason: 'unusable' } : again;
  }

  async #once(key: string, settings: ReadSettings): Promise<Lookup | 'broken'> {
    const factor = earlyFactor(settings.beta, this.#random);
    const entry = await this.#commands.acquire(key, settings.leaseMs, factor, settings.tags(key));
    if (entry === undefined) return { kind: 'unleased', reason: 'redis' };
    const { state, payload, lease } = entry;
    if (state === 'foreign') {
      this.#observer.report({ kind: 'foreign', key });
      return { kind: 'unleased', reason: 'unusable' };
    }
    const isServed = state === 'fresh' || (state === 'stale' && settings.acceptStale);
    if (lease !== undefined && !(isServed && settings.inBackground)) return { kind: 'leased', lease };
    if (!isServed) return { kind: 'busy' };
    try {
      const value = payload === undefined ? undefined : settings.codec.decode(payload);
      return { kind: 'hit', value, isStale: state === 'stale', ...(lease && { lease }) };
    } catch (error) {
      this.#observer.report({ kind: 'brokenPayload', key, error });
      return 'broken';
    }
  }
}
