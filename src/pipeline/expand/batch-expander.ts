import type { Batch } from '../../domain/batch.ts';
import { combineEffects } from '../../domain/combine-effects.ts';
import type { CacheKey, Effect, KeyEffect, Origin } from '../../domain/effect.ts';
import { effectName } from '../../domain/effect-name.ts';
import { QueryTimeoutError, RetryableError } from '../../domain/errors.ts';
import type { Query } from '../../domain/query.ts';
import { fanOutEffects } from './fan-out-effects.ts';
import { fanOutQuery } from './fan-out-query.ts';
import { readValue } from './read-value.ts';

/** Queries under way at once; as many connections of the pool do not go to the visibility probe. */
const QUERIES_AT_ONCE = 4;

type FanOutEffect = Extract<Effect, { kind: 'fanOut' }>;
type RefreshEffect = Extract<Effect, { kind: 'refresh' }>;

export interface ExpanderOptions {
  readonly query: Query;
  /** Which of the keys hold a value now. */
  readonly existing: (keys: readonly CacheKey[]) => Promise<ReadonlySet<CacheKey>>;
  /** A rule's query was refused or took too long; its keys are deleted instead. */
  readonly onFault: (origin: Origin, error: unknown) => void;
}

/**
 * Asks the database for what rows alone do not tell: the keys of a fan-out, the values of a refresh. To be called only
 * for a batch whose transactions are visible, or the answers would be those from before the change.
 */
export class BatchExpander {
  readonly #options: ExpanderOptions;

  constructor(options: ExpanderOptions) {
    this.#options = options;
  }

  /**
   * The same batch with nothing left to ask for. What cannot be asked is answered coarsely: a key is deleted, a
   * fan-out purges its pattern.
   * @throws RetryableError when the server is away
   */
  async expand(batch: Batch): Promise<Batch> {
    const refreshes = [...batch.keys.values()].filter((effect) => effect.kind === 'refresh');
    if (refreshes.length === 0 && batch.fanOuts.size === 0) return batch;
    const expanded = {
      ...batch,
      keys: new Map(batch.keys),
      purges: new Map(batch.purges),
      messages: new Map(batch.messages),
      fanOuts: new Map<string, FanOutEffect>(),
    };
    for (const effect of await this.#refresh(refreshes)) expanded.keys.set(effect.key, effect);
    for (const { key } of refreshes)
      if (expanded.keys.get(key)?.kind === 'refresh') expanded.keys.delete(key);
    const byOrigin = Map.groupBy(batch.fanOuts.values(), ({ origin }) => origin);
    for (const group of byOrigin.values()) {
      for (const effect of await this.#fanOut(group)) place(expanded, effect);
    }
    return expanded;
  }

  /** The writes, without the keys that need none because they are not cached. */
  async #refresh(effects: readonly RefreshEffect[]): Promise<readonly KeyEffect[]> {
    const optional = effects.filter(({ action }) => !action.always).map(({ key }) => key);
    const existing = optional.length === 0 ? new Set() : await this.#options.existing(optional);
    const wanted = effects.filter(({ key, action }) => action.always || existing.has(key));
    const writes: KeyEffect[] = [];
    const waiting = wanted[Symbol.iterator]();
    const work = async (): Promise<void> => {
      for (const effect of waiting) writes.push(await this.#readAgain(effect));
    };
    await Promise.all(Array.from({ length: QUERIES_AT_ONCE }, work));
    return writes;
  }

  async #readAgain(effect: RefreshEffect): Promise<KeyEffect> {
    const { key, version, origin } = effect;
    try {
      return { kind: 'write', key, write: await readValue(this.#options.query, effect), version, origin };
    } catch (error) {
      this.#answerCoarsely(origin, error);
      return { kind: 'write', key, write: { op: 'remove' }, version, origin };
    }
  }

  async #fanOut(effects: readonly FanOutEffect[]): Promise<readonly Effect[]> {
    const [first] = effects;
    if (first === undefined) return [];
    const { origin, fanOut, typeOids } = first;
    try {
      const types = await this.#options.query<{ type: string }>(
        'SELECT format_type(oid, NULL) AS type FROM unnest($1::oid[]) WITH ORDINALITY AS t(oid, position) ORDER BY position',
        [typeOids],
      );
      const { sql, values } = fanOutQuery(
        effects,
        types.map(({ type }) => type),
      );
      const rows = await this.#options.query<Record<string, string | null>>(sql, values);
      return fanOutEffects(first, rows.length > fanOut.maxRows ? 'too many' : rows);
    } catch (error) {
      this.#answerCoarsely(origin, error);
      return fanOutEffects(first, 'too many');
    }
  }

  /** @throws the error where it is the server that is away and not the query that is wrong */
  #answerCoarsely(origin: Origin, error: unknown): void {
    if (error instanceof RetryableError && !(error instanceof QueryTimeoutError)) throw error;
    this.#options.onFault(origin, error);
  }
}

interface GrowingBatch {
  readonly keys: Map<CacheKey, KeyEffect>;
  readonly purges: Map<string, Extract<Effect, { kind: 'purge' }>>;
  readonly messages: Map<string, Extract<Effect, { kind: 'publish' }>>;
}

function place({ keys, purges, messages }: GrowingBatch, effect: Effect): void {
  switch (effect.kind) {
    case 'purge':
      // Without a fence it removes whatever one with a fence would.
      purges.set(effectName(effect), effect);
      return;
    case 'publish':
      messages.set(effectName(effect), effect);
      return;
    case 'fanOut':
      throw new Error('a fan-out cannot yield another');
    default: {
      const known = keys.get(effect.key);
      keys.set(effect.key, known === undefined ? effect : combineEffects(known, effect));
    }
  }
}
