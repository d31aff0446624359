import type { Redis } from 'ioredis';
import type { Batch } from '../../domain/batch.ts';
import type { CacheKey, KeyEffect } from '../../domain/effect.ts';
import { FencedWriter } from './fenced-writer.ts';
import { KeyRemover, type Removals } from './key-remover.ts';
import { Messenger } from './messenger.ts';

/** Writes under way at once: enough to fill a connection, few enough to bound what waits in the driver. */
const WRITES_AT_ONCE = 500;

/** What became of a batch. */
export interface Applied {
  readonly removals: Removals;
  readonly written: number;
  /** Writes that Redis refused because it knows a newer version. */
  readonly refused: number;
}

/** Applies batches to Redis. After a fault a whole batch may be applied again: every part of it is idempotent. */
export class BatchApplier {
  readonly #redis: Redis;
  readonly #remover: KeyRemover;
  readonly #writer: FencedWriter;
  readonly #messenger: Messenger;

  constructor(redis: Redis) {
    this.#redis = redis;
    this.#remover = new KeyRemover(redis);
    this.#writer = new FencedWriter(redis);
    this.#messenger = new Messenger(redis);
  }

  /** Which of the keys exist. @throws the first reply that was an error */
  async existing(keys: readonly CacheKey[]): Promise<ReadonlySet<CacheKey>> {
    const found = await inGroups(keys, async (key) =>
      (await this.#redis.exists(key)) === 1 ? key : undefined,
    );
    return new Set(found.filter((key) => key !== undefined));
  }

  /** Only what removes: may be done early, and again. @throws the first reply that was an error */
  async remove(batch: Batch, signal: AbortSignal): Promise<Removals> {
    return this.#remover.remove(batch, signal);
  }

  /**
   * Everything: removals, then writes and fences, then messages. Resolves once Redis has confirmed every command.
   * @throws the first reply that was an error
   */
  async apply(batch: Batch, signal: AbortSignal): Promise<Applied> {
    const removals = await this.#remover.remove(batch, signal);
    if (!batch.isOrdered) return { removals, written: 0, refused: 0 };
    await this.#remover.removeOlder(batch, removals, signal);
    const outcomes = await inGroups(batch.keys.values(), (effect) => this.#write(effect));
    await inGroups(batch.messages.values(), (message) => this.#messenger.send(message));
    return {
      removals,
      written: outcomes.filter((outcome) => outcome === true).length,
      refused: outcomes.filter((outcome) => outcome === false).length,
    };
  }

  /** @returns whether it was written; undefined where nothing is to be written */
  async #write(effect: KeyEffect): Promise<boolean | undefined> {
    const { key, origin, version } = effect;
    if (effect.kind === 'write') return this.#writer.write(effect);
    // Removed already; the fence of a write that gave way to the removal is still to be left.
    if (version !== undefined)
      await this.#writer.write({ kind: 'write', key, write: { op: 'remove' }, version, origin });
    return undefined;
  }
}

async function inGroups<T, R>(items: Iterable<T>, task: (item: T) => Promise<R>): Promise<readonly R[]> {
  const results: R[] = [];
  let group: Promise<R>[] = [];
  for (const item of items) {
    group.push(task(item));
    if (group.length < WRITES_AT_ONCE) continue;
    results.push(...(await Promise.all(group)));
    group = [];
  }
  results.push(...(await Promise.all(group)));
  return results;
}
