import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { Batch } from '../../domain/batch.ts';
import type { CacheKey, Effect, Origin } from '../../domain/effect.ts';

/** Many keys a command is nine times faster than one; more than this would hold Redis up for others. */
const KEYS_PER_UNLINK = 500;
const KEYS_PER_SCAN = 1_000;

/** What became of the keys of one rule. */
export interface Removal {
  /** Keys that Redis was told to remove. */
  requested: number;
  /** Those that existed. */
  existed: number;
}

export type Removals = Map<Origin['rule'], Removal>;

/** Removes keys: singly, by tag and by pattern. All of it may be done again, in any order. */
export class KeyRemover {
  readonly #redis: Redis;

  constructor(redis: Redis) {
    this.#redis = redis;
  }

  /**
   * Resolves once Redis has confirmed every single command.
   * @throws the first reply that was an error; what was applied by then is unknown
   */
  async remove(batch: Batch, signal: AbortSignal): Promise<Removals> {
    const removals: Removals = new Map();
    const commands: Promise<void>[] = [];
    const pending = new Map<string, CacheKey[]>();
    for (const { kind, key, origin } of batch.keys.values()) {
      if (kind !== 'delete') continue;
      let keys = pending.get(origin.rule);
      if (keys === undefined) pending.set(origin.rule, (keys = []));
      keys.push(key);
      if (keys.length < KEYS_PER_UNLINK) continue;
      commands.push(this.#unlink(origin.rule, keys, removals));
      pending.delete(origin.rule);
    }
    for (const [rule, keys] of pending) commands.push(this.#unlink(rule, keys, removals));
    await Promise.all(commands);
    for (const effect of batch.keys.values()) {
      if (effect.kind === 'purgeTag') await this.#purgeTag(effect.origin.rule, effect.key, removals, signal);
    }
    for (const purge of batch.purges.values()) await this.#purge(purge, removals, signal);
    return removals;
  }

  async #unlink(rule: string, keys: readonly string[], removals: Removals): Promise<void> {
    if (keys.length === 0) return;
    const existed = await this.#redis.unlink(...keys);
    const removal = removals.get(rule) ?? { requested: 0, existed: 0 };
    removal.requested += keys.length;
    removal.existed += existed;
    removals.set(rule, removal);
  }

  /** Walks the whole key space in small steps and rests after each for as long as it took: half of Redis' time stays. */
  async #purge(
    { of, pattern, origin: { rule } }: Extract<Effect, { kind: 'purge' }>,
    removals: Removals,
    signal: AbortSignal,
  ): Promise<void> {
    await pacedScan(
      (cursor) => this.#redis.scan(cursor, 'MATCH', pattern, 'COUNT', KEYS_PER_SCAN),
      async (keys) => {
        if (of === 'keys') await this.#unlink(rule, keys, removals);
        else for (const tag of keys) await this.#purgeTag(rule, tag, removals, signal);
      },
      signal,
    );
  }

  /** Members go before their tag: after a crash in between, the tag still knows them. */
  async #purgeTag(rule: string, tag: string, removals: Removals, signal: AbortSignal): Promise<void> {
    await pacedScan(
      (cursor) => this.#redis.sscan(tag, cursor, 'COUNT', KEYS_PER_SCAN),
      async (members) => {
        await this.#unlink(rule, members, removals);
        if (members.length > 0) await this.#redis.srem(tag, ...members);
      },
      signal,
    );
  }
}

type Scan = (cursor: string) => Promise<[next: string, found: string[]]>;

async function pacedScan(
  scan: Scan,
  handle: (found: readonly string[]) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  let cursor = '0';
  do {
    const startedMs = performance.now();
    const [next, found] = await scan(cursor);
    await handle(found);
    cursor = next;
    if (cursor !== '0') await sleep(performance.now() - startedMs, undefined, { signal });
  } while (cursor !== '0');
}
