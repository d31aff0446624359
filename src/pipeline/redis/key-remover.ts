import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { Batch } from '../../domain/batch.ts';
import type { CacheKey, Effect, Origin } from '../../domain/effect.ts';
import { formatVersion, type Version } from '../../domain/version.ts';
import { PURGE_SCRIPT } from './fenced-scripts.ts';
import { OWN_PREFIX } from './own-keys.ts';
import { POP_TAG_SCRIPT } from './pop-tag-script.ts';
import { versionKey } from './version-key.ts';

/** Many keys a command is nine times faster than one; more than this would hold Redis up for others. */
const KEYS_PER_UNLINK = 500;
const KEYS_PER_SCAN = 1_000;
const MEMBERS_PER_POP = 500;

type Purge = Extract<Effect, { kind: 'purge' }>;

interface Scripts {
  freshetPopTag(tag: string, count: number): Promise<[popped: number, existed: number]>;
  freshetPurge(key: string, versionKey: string, version: string): Promise<number>;
}

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
  readonly #redis: Redis & Scripts;

  constructor(redis: Redis) {
    redis.defineCommand('freshetPopTag', { numberOfKeys: 1, lua: POP_TAG_SCRIPT });
    redis.defineCommand('freshetPurge', { numberOfKeys: 2, lua: PURGE_SCRIPT });
    this.#redis = redis as Redis & Scripts;
  }

  /**
   * Everything that is removed whatever its version. Tags first: a key or pattern may be that of a tag, and with it
   * would go the names of its members. Resolves once Redis has confirmed every single command.
   * @throws the first reply that was an error; what was applied by then is unknown
   */
  async remove(batch: Batch, signal: AbortSignal): Promise<Removals> {
    const removals: Removals = new Map();
    for (const { kind, key, origin } of batch.keys.values()) {
      if (kind === 'purgeTag') await this.#purgeTag(origin.rule, key, removals, signal);
    }
    const purges = [...batch.purges.values()].filter(({ version }) => version === undefined);
    for (const purge of purges) if (purge.of === 'tags') await this.#purgeTags(purge, removals, signal);
    await this.#delete(batch, removals);
    for (const purge of purges) if (purge.of === 'keys') await this.#purge(purge, removals, signal);
    return removals;
  }

  /** The purges of keys that Freshet writes: what is newer stays. @throws as `remove` does */
  async removeOlder(batch: Batch, removals: Removals, signal: AbortSignal): Promise<void> {
    for (const purge of batch.purges.values()) {
      if (purge.version !== undefined) await this.#purge(purge, removals, signal);
    }
  }

  async #delete(batch: Batch, removals: Removals): Promise<void> {
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
  }

  async #unlink(rule: string, keys: readonly string[], removals: Removals): Promise<void> {
    if (keys.length > 0) count(removals, rule, keys.length, await this.#redis.unlink(...keys));
  }

  async #unlinkOlder(
    rule: string,
    keys: readonly string[],
    version: Version,
    removals: Removals,
  ): Promise<void> {
    const fence = formatVersion(version);
    const existed = await Promise.all(
      keys.map((key) => this.#redis.freshetPurge(key, versionKey(key), fence)),
    );
    count(
      removals,
      rule,
      keys.length,
      existed.reduce((sum, each) => sum + each, 0),
    );
  }

  /** Walks the whole key space. */
  async #purge(
    { pattern, version, origin: { rule } }: Purge,
    removals: Removals,
    signal: AbortSignal,
  ): Promise<void> {
    await this.#scan(
      pattern,
      async (keys) =>
        version === undefined
          ? this.#unlink(rule, keys, removals)
          : this.#unlinkOlder(rule, keys, version, removals),
      signal,
    );
  }

  async #purgeTags(
    { pattern, origin: { rule } }: Purge,
    removals: Removals,
    signal: AbortSignal,
  ): Promise<void> {
    await this.#scan(
      pattern,
      async (tags) => {
        for (const tag of tags) await this.#purgeTag(rule, tag, removals, signal);
      },
      signal,
    );
  }

  /** A key that is no set is no tag, and stays. */
  async #purgeTag(rule: string, tag: string, removals: Removals, signal: AbortSignal): Promise<void> {
    await paced(async () => {
      const [popped, existed] = await this.#redis.freshetPopTag(tag, MEMBERS_PER_POP);
      if (popped > 0) count(removals, rule, popped, existed);
      return popped === MEMBERS_PER_POP;
    }, signal);
  }

  async #scan(
    pattern: string,
    handle: (keys: readonly string[]) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void> {
    let cursor = '0';
    await paced(async () => {
      const [next, found] = await this.#redis.scan(cursor, 'MATCH', pattern, 'COUNT', KEYS_PER_SCAN);
      await handle(found.filter((key) => !key.startsWith(OWN_PREFIX)));
      cursor = next;
      return cursor !== '0';
    }, signal);
  }
}

function count(removals: Removals, rule: string, requested: number, existed: number): void {
  const removal = removals.get(rule) ?? { requested: 0, existed: 0 };
  removal.requested += requested;
  removal.existed += existed;
  removals.set(rule, removal);
}

/** Rests after each step for as long as it took, so that half of Redis' time stays for others. */
async function paced(step: () => Promise<boolean>, signal: AbortSignal): Promise<void> {
  for (;;) {
    const startedMs = performance.now();
    if (!(await step())) return;
    await sleep(performance.now() - startedMs, undefined, { signal });
  }
}
