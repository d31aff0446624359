import type { Redis } from 'ioredis';
import type { Effect } from '../../domain/effect.ts';
import { effectName } from '../../domain/effect-name.ts';
import type { Lsn } from '../../domain/lsn.ts';
import type { LeaderToken } from './leader-token.ts';
import { OWN_PREFIX } from './own-keys.ts';
import type { Bookmark } from './scan-keys.ts';

const TTL_SECONDS = 24 * 3600;

/** KEYS[1] the places, KEYS[2] the leader. ARGV[1] this session, ARGV[2] the purge, ARGV[3] its place, ARGV[4] life in seconds. */
const NOTE_SCRIPT = `
  if redis.call('GET', KEYS[2]) ~= ARGV[1] then return end
  redis.call('HSET', KEYS[1], ARGV[2], ARGV[3])
  redis.call('EXPIRE', KEYS[1], ARGV[4])`;

interface Scripts {
  freshetNote(key: string, leaderKey: string, ...args: readonly (string | number)[]): Promise<unknown>;
}

export interface PurgeCursorsOptions {
  readonly slot: string;
  /** Names what `visible` means: the source's history and the servers that were asked. A place counts for no other. */
  readonly source: string;
  readonly leader: LeaderToken;
  readonly onResume: () => void;
}

/**
 * Where purges stand, beside the keys in Redis, so that the next session goes on there. A place says: each key before
 * the cursor was removed when every transaction up to a position was visible, and Freshet has stored none since.
 * - So a purge resumes only where all that it stands for was committed by then. Delivered again, batches are cut
 *   differently: one with a later purge of the pattern in it begins anew. So does one that no transaction has brought
 *   (rules reloaded, a migration found in the catalog, a query that failed): nothing says that it is the same again.
 * - The first value that a session stores discards all places: a write that is delivered again may be older than the
 *   purge, and land behind its cursor. Purges with a version are those of rules that write, and have no place at all.
 * - A place counts only for the process of Redis that gave the cursor: each hashes keys in its own way.
 */
export class PurgeCursors {
  readonly #redis: Redis & Scripts;
  readonly #options: PurgeCursorsOptions;
  readonly #key: string;
  #mayExist = true;

  constructor(redis: Redis, options: PurgeCursorsOptions) {
    redis.defineCommand('freshetNote', { numberOfKeys: 2, lua: NOTE_SCRIPT });
    this.#redis = redis as Redis & Scripts;
    this.#options = options;
    this.#key = `${OWN_PREFIX}{${options.slot}}:purge`;
  }

  /** @param visibleUpTo every transaction that ends by then is visible */
  bookmark(purge: Extract<Effect, { kind: 'purge' }>, visibleUpTo: Lsn): Bookmark | undefined {
    const { cause, version } = purge;
    if (cause === undefined || version !== undefined) return undefined;
    const { source, leader, onResume } = this.#options;
    const name = effectName(purge);
    return {
      find: async (runId) => {
        const [redis, from, upTo = '0', cursor] = ((await this.#redis.hget(this.#key, name)) ?? '').split(
          ' ',
        );
        if (cursor === undefined || redis !== runId || from !== source || cause >= BigInt(upTo)) return '0';
        onResume();
        return cursor;
      },
      note: async (runId, cursor) => {
        const args = [leader.value, name, `${runId} ${source} ${visibleUpTo} ${cursor}`, TTL_SECONDS];
        const isOver = cursor === '0';
        this.#mayExist ||= !isOver;
        const noted = isOver
          ? this.#redis.hdel(this.#key, name)
          : this.#redis.freshetNote(this.#key, leader.key, ...args);
        // An aid only, and refused where memory is short, which a purge mends: what is wrong shows with the next keys.
        await noted.catch(() => {});
      },
    };
  }

  /** To be awaited before a value is stored. @throws the reply that was an error */
  async discard(): Promise<void> {
    if (this.#mayExist) await this.#redis.del(this.#key);
    this.#mayExist = false;
  }
}
