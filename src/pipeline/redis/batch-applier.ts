import type { Redis } from 'ioredis';
import type { Batch } from '../../domain/batch.ts';
import type { CacheKey, Effect, KeyEffect } from '../../domain/effect.ts';
import { CACHED_SCRIPT } from './fenced-scripts.ts';
import { FencedWriter, type WriteOutcome } from './fenced-writer.ts';
import { inGroups } from './in-groups.ts';
import { KeyRemover, type Removals, type RemoverOptions } from './key-remover.ts';
import type { LeaderToken } from './leader-token.ts';
import { Messenger } from './messenger.ts';
import { type Marks, StaleMarker } from './stale-marker.ts';

type Refresh = Pick<Extract<Effect, { kind: 'refresh' }>, 'key' | 'action'>;

/** What became of a batch. */
export interface Applied {
  readonly removals: Removals;
  readonly marks: Marks;
  readonly written: number;
  /** Writes that Redis refused because it knows a newer version. */
  readonly refused: number;
  /** Keys that were removed instead, for Redis has no memory for their values. */
  readonly full: number;
}

interface Scripts {
  freshetCached(key: string): Promise<number>;
}

/** Applies batches to Redis. After a fault a whole batch may be applied again: every part of it is idempotent. */
export class BatchApplier {
  readonly #redis: Redis & Scripts;
  readonly #remover: KeyRemover;
  readonly #marker: StaleMarker;
  readonly #writer: FencedWriter;
  readonly #messenger: Messenger;
  readonly #purging: RemoverOptions;

  /** @param leader claimed by this session: without it no value is stored */
  constructor(redis: Redis, leader: LeaderToken, purging: RemoverOptions = {}) {
    redis.defineCommand('freshetCached', { numberOfKeys: 1, lua: CACHED_SCRIPT });
    this.#redis = redis as Redis & Scripts;
    this.#purging = purging;
    this.#remover = new KeyRemover(redis, purging);
    this.#marker = new StaleMarker(redis);
    this.#writer = new FencedWriter(redis, leader);
    this.#messenger = new Messenger(redis);
  }

  /**
   * Which of the keys are cached. Where an entry is looked for, anything else under the key goes: with its lease a
   * reader could yet store what it has loaded before the change.
   * @throws the first reply that was an error
   */
  async existing(refreshes: readonly Refresh[]): Promise<ReadonlySet<CacheKey>> {
    const found = await inGroups(refreshes, async ({ key, action: { asEntry } }) => {
      const isCached = asEntry === true ? this.#redis.freshetCached(key) : this.#redis.exists(key);
      return (await isCached) === 1 ? key : undefined;
    });
    return new Set(found.filter((key) => key !== undefined));
  }

  /** Only what removes or marks: may be done early, and again. @throws the first reply that was an error */
  async remove(batch: Batch, signal: AbortSignal): Promise<Removals> {
    const removals = await this.#remover.remove(batch, signal);
    await this.#marker.mark(batch);
    return removals;
  }

  /**
   * Everything: removals and marks, then writes and fences, then messages. Resolves once Redis has confirmed every
   * command.
   * @param isOldest everything before the batch is applied
   * @throws LeadershipLostError where this session may not write any more; the first reply that was an error
   */
  async apply(batch: Batch, signal: AbortSignal, isOldest = false): Promise<Applied> {
    const removals = await this.#remover.remove(batch, signal, isOldest ? batch.position : undefined);
    const marks = await this.#marker.mark(batch);
    if (!batch.isOrdered) return { removals, marks, written: 0, refused: 0, full: 0 };
    await this.#remover.removeOlder(batch, removals, signal);
    await this.#purging.cursors?.discard();
    const outcomes = await inGroups(batch.keys.values(), (effect) => this.#write(effect));
    await inGroups(batch.messages.values(), (message) => this.#messenger.send(message));
    return {
      removals,
      marks,
      written: outcomes.filter((outcome) => outcome === true).length,
      refused: outcomes.filter((outcome) => outcome === false).length,
      full: outcomes.filter((outcome) => outcome === 'full').length,
    };
  }

  /** @returns undefined where nothing is to be written */
  async #write(effect: KeyEffect): Promise<WriteOutcome | undefined> {
    const { key, origin, version } = effect;
    if (effect.kind === 'write') return this.#writer.write(effect);
    // Removed or marked already; the fence of a write that gave way to the removal is still to be left.
    if (version !== undefined)
      await this.#writer.write({ kind: 'write', key, write: { op: 'remove' }, version, origin });
    return undefined;
  }
}
