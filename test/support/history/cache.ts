import { isDeepStrictEqual } from 'node:util';
import type { ChainableCommander, Redis } from 'ioredis';
import type { RowChange } from './history.ts';
import type { TableState } from './stored-row.ts';
import type { Content, View } from './view.ts';

const LIFE_MS = 3_600_000;

/** What an application keeps in Redis under the keys of views, those apart whose changes it is only told of. */
export class ViewCache {
  readonly #redis: Redis;
  readonly #prefix: string;
  /** Every key that was ever a row's, with its view. */
  readonly #views: ReadonlyMap<string, View>;

  /** @param changes that the tables go through, from empty ones on */
  constructor(redis: Redis, prefix: string, views: readonly View[], changes: readonly RowChange[]) {
    this.#redis = redis;
    this.#prefix = prefix;
    const rows = changes.flatMap((change) => ('after' in change ? [change.after] : []));
    this.#views = new Map(
      views
        .filter(({ stream }) => stream === undefined)
        .flatMap((view) => view.keysOf(rows).map((key) => [key, view] as const)),
    );
  }

  /** Caches some of what the tables hold, as a reader that missed it: a bit of `which` a key. */
  async fill(state: TableState, which: number): Promise<void> {
    const pipeline = this.#redis.pipeline();
    for (const [index, [key, view]] of [...this.#views].entries()) {
      const content = view.contentOf(key, state);
      if (((which >> (index % 16)) & 1) === 0 || content === undefined) continue;
      // Before the key is there: a tag that is purged in between takes a name too much along, which does no harm.
      const tag = view.tagOf?.(key);
      if (tag !== undefined) pipeline.sadd(tag, key).pexpire(tag, LIFE_MS);
      store(pipeline, key, content);
    }
    for (const [error] of (await pipeline.exec()) ?? []) if (error !== null) throw error;
  }

  /** Loses some keys, as Redis does that has no memory left. */
  async evict(which: number): Promise<void> {
    const keys = [...this.#views.keys()].filter((_, index) => ((which >> (index % 16)) & 1) === 1);
    if (keys.length > 0) await this.#redis.unlink(keys);
  }

  /** The keys whose content is not what it should be, with both, and keys under no view. */
  async staleKeys(state: TableState): Promise<Readonly<Record<string, unknown>>> {
    const stale: Record<string, unknown> = {};
    for (const [key, found] of await this.contents()) {
      const view = this.#views.get(key);
      const expected = view?.contentOf(key, state);
      if (!isDeepStrictEqual(found, expected)) stale[key] = { found, expected: expected ?? 'no key' };
    }
    return stale;
  }

  /** Every key of the prefix that has a content: no tags, and no streams. */
  async contents(): Promise<ReadonlyMap<string, Content>> {
    const contents = new Map<string, Content>();
    for (const key of await this.#keys()) {
      const found = await this.#contentOf(key);
      if (found !== undefined) contents.set(key, found);
    }
    return contents;
  }

  async #contentOf(key: string): Promise<Content | undefined> {
    switch (await this.#redis.type(key)) {
      case 'string':
        return (await this.#redis.get(key)) ?? undefined;
      case 'hash':
        return this.#redis.hgetall(key);
      case 'zset': {
        const flat = await this.#redis.zrange(key, '0', '-1', 'WITHSCORES');
        return new Map(
          flat.flatMap((name, index) => (index % 2 === 0 ? [[name, flat[index + 1] ?? '']] : [])),
        );
      }
      default:
        return undefined;
    }
  }

  async keysForEver(): Promise<readonly string[]> {
    const keys = await this.#keys();
    const lives = await Promise.all(keys.map((key) => this.#redis.pttl(key)));
    return keys.filter((_, index) => lives[index] === -1);
  }

  async #keys(): Promise<readonly string[]> {
    const keys = new Set<string>();
    let cursor = '0';
    do {
      const [next, page] = await this.#redis.scan(cursor, 'MATCH', `${this.#prefix}*`, 'COUNT', 1_000);
      for (const key of page) keys.add(key);
      cursor = next;
    } while (cursor !== '0');
    return [...keys].toSorted();
  }
}

function store(pipeline: ChainableCommander, key: string, content: Content): void {
  if (typeof content === 'string') pipeline.set(key, content, 'PX', LIFE_MS);
  else if (content instanceof Map) {
    const scored = [...content].flatMap(([member, score]) => [score, member]);
    pipeline
      .unlink(key)
      .zadd(key, ...scored)
      .pexpire(key, LIFE_MS);
  } else pipeline.unlink(key).hset(key, content).pexpire(key, LIFE_MS);
}
