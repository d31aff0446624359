import type { CacheKey, Effect, KeyEffect, Origin } from '../../domain/effect.ts';
import { QueryTimeoutError } from '../../domain/errors.ts';
import type { Query } from '../../domain/query.ts';
import { writtenBytes } from '../../domain/written-bytes.ts';
import type { QueryCircuits } from './query-circuits.ts';
import { isServerAway, type OnQueryFault } from './query-fault.ts';
import { readValue } from './read-value.ts';

/** Values in memory at once, about; rows may be large, and a batch may have ten thousand. */
const MAX_BYTES = 4 * 2 ** 20;

type RefreshEffect = Extract<Effect, { kind: 'refresh' }>;

export interface RefreshOptions {
  readonly query: Query;
  readonly atOnce: number;
  readonly circuits: QueryCircuits;
  readonly onFault: OnQueryFault;
}

/** Reads the values of keys again: one query a key, however many changes of it a batch holds. */
export class RefreshReader {
  readonly #options: RefreshOptions;

  constructor(options: RefreshOptions) {
    this.#options = options;
  }

  /**
   * The writes, in groups that fit into memory. After a query that was refused or took too long the other keys of its
   * template are removed unasked: one of thousands must not take its time for each of them. So are all while its
   * circuit is open.
   * @throws RetryableError when the server is away
   */
  async *read(
    effects: readonly RefreshEffect[],
  ): AsyncGenerator<ReadonlyMap<CacheKey, KeyEffect>, void, undefined> {
    const { circuits } = this.#options;
    const origins = new Set(effects.map(({ origin }) => origin));
    const unasked = new Set([...origins].filter((origin) => !circuits.admits(origin)));
    const asked = origins.difference(unasked);
    const tooSlow = new Set<Origin>();
    const waiting = effects.values();
    for (;;) {
      const group = new Map<CacheKey, KeyEffect>();
      let bytes = 0;
      const work = async (): Promise<void> => {
        while (bytes < MAX_BYTES) {
          const { value: effect } = waiting.next();
          if (effect === undefined) return;
          try {
            const write = await this.#readOne(effect, unasked, tooSlow);
            group.set(effect.key, write);
            bytes += write.kind === 'write' ? writtenBytes(write.write) : 0;
          } catch (error) {
            bytes = Number.POSITIVE_INFINITY;
            throw error;
          }
        }
      };
      await Promise.all(Array.from({ length: this.#options.atOnce }, work));
      if (group.size === 0) break;
      yield group;
    }
    for (const origin of asked) circuits.report(origin, tooSlow.has(origin));
  }

  async #readOne(effect: RefreshEffect, unasked: Set<Origin>, tooSlow: Set<Origin>): Promise<KeyEffect> {
    const { key, version, origin, action } = effect;
    const { query, onFault } = this.#options;
    const written = { kind: 'write', key, version, origin } as const;
    if (unasked.has(origin)) return { ...written, write: { op: 'remove' } };
    try {
      return { ...written, write: await readValue(query, effect) };
    } catch (error) {
      if (isServerAway(error)) throw error;
      unasked.add(origin);
      if (error instanceof QueryTimeoutError) tooSlow.add(origin);
      onFault(origin, action.query, error);
      return { ...written, write: { op: 'remove' } };
    }
  }
}
