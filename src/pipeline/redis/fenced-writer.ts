import type { Redis } from 'ioredis';
import type { KeyEffect, Write } from '../../domain/effect.ts';
import { LeadershipLostError } from '../../domain/errors.ts';
import type { Expiry } from '../../domain/rule.ts';
import { formatVersion } from '../../domain/version.ts';
import { ENTRY_SCRIPT, HASH_SCRIPT, REMOVE_SCRIPT, SET_SCRIPT, SORTED_SET_SCRIPT } from './fenced-scripts.ts';
import type { LeaderToken } from './leader-token.ts';
import { versionKey } from './version-key.ts';

type WriteEffect = Extract<KeyEffect, { kind: 'write' }>;

/** A paused process may wake up much later; a version outlives what could still be written from before it. */
const SHORTEST_VERSION_LIFE_MS = 24 * 3600 * 1000;

/** True: written. False: refused, for Redis knows a newer version. Full: Redis has no memory, and the key was removed. */
export type WriteOutcome = boolean | 'full';

/** A script with a version; those that store a value have the leader's token as well. */
type Script = (...keysAndArgs: readonly (string | number)[]) => Promise<number>;

interface Scripts {
  freshetSet: Script;
  freshetEntry: Script;
  freshetHash: Script;
  freshetSortedSet: Script;
  freshetRemove: Script;
}

/** Writes values with the version that they reflect; an older value is refused by Redis itself. */
export class FencedWriter {
  readonly #scripts: Scripts;
  readonly #leader: LeaderToken;
  readonly #random: () => number;

  constructor(redis: Redis, leader: LeaderToken, random: () => number = Math.random) {
    redis.defineCommand('freshetSet', { numberOfKeys: 3, lua: SET_SCRIPT });
    redis.defineCommand('freshetEntry', { numberOfKeys: 3, lua: ENTRY_SCRIPT });
    redis.defineCommand('freshetHash', { numberOfKeys: 3, lua: HASH_SCRIPT });
    redis.defineCommand('freshetSortedSet', { numberOfKeys: 3, lua: SORTED_SET_SCRIPT });
    redis.defineCommand('freshetRemove', { numberOfKeys: 2, lua: REMOVE_SCRIPT });
    this.#scripts = redis as Redis & Scripts;
    this.#leader = leader;
    this.#random = random;
  }

  /**
   * @returns true for a removal also where a full Redis has no place for its version
   * @throws LeadershipLostError where this session may not write any more; the reply that was an error
   */
  async write({ key, write, version }: WriteEffect): Promise<WriteOutcome> {
    const fence = formatVersion(version);
    if (write.op === 'remove') {
      return 0 !== (await this.#scripts.freshetRemove(key, versionKey(key), fence, SHORTEST_VERSION_LIFE_MS));
    }
    const { key: leaderKey, value: token } = this.#leader;
    const lifeMs = this.#lifeMs(write.expiry);
    const fenced = [key, versionKey(key), leaderKey, fence, versionLifeMs(lifeMs), token] as const;
    const reply = await this.#store(write, fenced, lifeMs);
    if (reply === -1) throw new LeadershipLostError(leaderKey);
    return reply === -2 ? 'full' : reply === 1;
  }

  #store(
    write: Exclude<Write, { op: 'remove' }>,
    fenced: readonly (string | number)[],
    lifeMs: number,
  ): Promise<number> {
    switch (write.op) {
      case 'set':
        return write.asEntry === true
          ? this.#scripts.freshetEntry(...fenced, write.value, lifeMs)
          : this.#scripts.freshetSet(...fenced, write.value, lifeMs);
      case 'hash': {
        const { set, removed } = divide(write.fields);
        const extent = write.replaces === true ? 'only' : write.isComplete ? 'all' : 'part';
        return this.#scripts.freshetHash(...fenced, lifeMs, extent, set.length, ...set.flat(), ...removed);
      }
      case 'sortedSet': {
        const { set, removed } = divide(write.members);
        const extent = write.isComplete ? 'all' : 'part';
        const scored = set.flatMap(([member, score]) => [score, member]);
        return this.#scripts.freshetSortedSet(...fenced, lifeMs, extent, set.length, ...scored, ...removed);
      }
    }
  }

  #lifeMs({ ttlMs, jitter }: Expiry): number {
    return Math.max(1, Math.round(ttlMs * (1 - jitter + 2 * jitter * this.#random())));
  }
}

interface Divided {
  readonly set: readonly (readonly [string, string])[];
  readonly removed: readonly string[];
}

/** What is to be set, and what is to go. */
function divide(values: ReadonlyMap<string, string | null>): Divided {
  const set: [string, string][] = [];
  const removed: string[] = [];
  for (const [name, value] of values) {
    if (value === null) removed.push(name);
    else set.push([name, value]);
  }
  return { set, removed };
}

function versionLifeMs(lifeMs: number): number {
  return Math.max(lifeMs, SHORTEST_VERSION_LIFE_MS);
}
