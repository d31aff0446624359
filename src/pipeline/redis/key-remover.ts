import type { Redis } from 'ioredis';
import type { Batch } from '../../domain/batch.ts';
import type { CacheKey, Effect, Origin } from '../../domain/effect.ts';
import type { Lsn } from '../../domain/lsn.ts';
import { formatVersion, type Version } from '../../domain/version.ts';
import { PURGE_SCRIPT } from './fenced-scripts.ts';
import { paced } from './paced.ts';
import { POP_TAG_SCRIPT } from './pop-tag-script.ts';
import type { PurgeCursors } from './purge-cursors.ts';
import { scanKeys } from './scan-keys.ts';
import { versionKey } from './version-key.ts';

/** Many keys a command is nine times faster than one; more than this would hold Redis up for others. */
const KEYS_PER_UNLINK = 500;
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

/** Told of a purge by pattern while it runs: it may take minutes. */
export interface PurgeObserver {
  began(): void;
  /** Keys of the pattern that were found, and are to be removed. */
  found(keys: number): void;
  ended(): void;
}

/** One removal of a batch. */
interface Pass {
  readonly removals: Removals;
  readonly signal: AbortSignal;
  readonly visibleUpTo: Lsn | undefined;
}

export interface RemoverOptions {
  /** Without them every purge begins at the start. */
  readonly cursors?: PurgeCursors;
  readonly observer?: PurgeObserver;
}

/** Removes keys: singly, by tag and by pattern. All of it may be done again, in any order. */
export class KeyRemover {
  readonly #redis: Redis & Scripts;
  readonly #options: RemoverOptions;

  constructor(redis: Redis, options: RemoverOptions = {}) {
    this.#options = options;
    redis.defineCommand('freshetPopTag', { numberOfKeys: 1, lua: POP_TAG_SCRIPT });
    redis.defineCommand('freshetPurge', { numberOfKeys: 2, lua: PURGE_SCRIPT });
    this.#redis = redis as Redis & Scripts;
  }

  /**
   * Everything that is removed whatever its version. Tags first: a key or pattern may be that of a tag, and with it
   * would go the names of its members. Resolves once Redis has confirmed every single command.
   * @param visibleUpTo for the removal that counts, where every transaction that ends by then is visible: then a purge
   * that was interrupted goes on
   * @throws the first reply that was an error; what was applied by then is unknown
   */
  async remove(batch: Batch, signal: AbortSignal, visibleUpTo?: Lsn): Promise<Removals> {
    const removals: Removals = new Map();
    const pass = { removals, signal, visibleUpTo };
    for (const { kind, key, origin } of batch.keys.values()) {
      if (kind === 'purgeTag') await this.#purgeTag(origin.rule, key, pass);
    }
    const purges = [...batch.purges.values()].filter(({ version }) => version === undefined);
    for (const purge of purges) if (purge.of === 'tags') await this.#purgeTags(purge, pass);
    await this.#delete(batch, removals);
    for (const purge of purges) if (purge.of === 'keys') await this.#purge(purge, pass);
    return removals;
  }

  /** The purges of keys that Freshet writes: what is newer stays. @throws as `remove` does */
  async removeOlder(batch: Batch, removals: Removals, signal: AbortSignal): Promise<void> {
    const pass = { removals, signal, visibleUpTo: undefined };
    for (const purge of batch.purges.values()) {
      if (purge.version !== undefined) await this.#purge(purge, pass);
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

  async #purge(purge: Purge, pass: Pass): Promise<void> {
    const { version, origin } = purge;
    await this.#scan(purge, pass, async (keys) =>
      version === undefined
        ? this.#unlink(origin.rule, keys, pass.removals)
        : this.#unlinkOlder(origin.rule, keys, version, pass.removals),
    );
  }

  async #purgeTags(purge: Purge, pass: Pass): Promise<void> {
    await this.#scan(purge, pass, async (tags) => {
      for (const tag of tags) await this.#purgeTag(purge.origin.rule, tag, pass);
    });
  }

  /** A key that is no set is no tag, and stays. */
  async #purgeTag(rule: string, tag: string, { removals, signal }: Pass): Promise<void> {
    await paced(async () => {
      const [popped, existed] = await this.#redis.freshetPopTag(tag, MEMBERS_PER_POP);
      if (popped > 0) count(removals, rule, popped, existed);
      return popped === MEMBERS_PER_POP;
    }, signal);
  }

  /** Walks the whole key space, or what is left of it. */
  async #scan(
    purge: Purge,
    { signal, visibleUpTo }: Pass,
    handle: (keys: readonly string[]) => Promise<void>,
  ): Promise<void> {
    const { cursors, observer } = this.#options;
    const bookmark = visibleUpTo === undefined ? undefined : cursors?.bookmark(purge, visibleUpTo);
    const onKeys = async (keys: readonly string[]): Promise<void> => {
      observer?.found(keys.length);
      await handle(keys);
    };
    observer?.began();
    try {
      await scanKeys(this.#redis, purge.pattern, onKeys, signal, bookmark);
    } finally {
      observer?.ended();
    }
  }
}

function count(removals: Removals, rule: string, requested: number, existed: number): void {
  const removal = removals.get(rule) ?? { requested: 0, existed: 0 };
  removal.requested += requested;
  removal.existed += existed;
  removals.set(rule, removal);
}
