import type { Redis } from 'ioredis';
import type { KeyEffect } from '../../domain/effect.ts';
import type { Expiry } from '../../domain/rule.ts';
import { formatVersion } from '../../domain/version.ts';
import { HASH_SCRIPT, REMOVE_SCRIPT, SET_SCRIPT, SORTED_SET_SCRIPT } from './fenced-scripts.ts';
import { versionKey } from './version-key.ts';

type WriteEffect = Extract<KeyEffect, { kind: 'write' }>;

/** A paused process may wake up much later; a version outlives what could still be written from before it. */
const SHORTEST_VERSION_LIFE_MS = 24 * 3600 * 1000;

interface Scripts {
  freshetSet(key: string, version: string, ...args: readonly (string | number)[]): Promise<number>;
  freshetHash(key: string, version: string, ...args: readonly (string | number)[]): Promise<number>;
  freshetSortedSet(key: string, version: string, ...args: readonly (string | number)[]): Promise<number>;
  freshetRemove(key: string, version: string, ...args: readonly (string | number)[]): Promise<number>;
}

/** Writes values with the version that they reflect; an older value is refused by Redis itself. */
export class FencedWriter {
  readonly #scripts: Scripts;
  readonly #random: () => number;

  constructor(redis: Redis, random: () => number = Math.random) {
    redis.defineCommand('freshetSet', { numberOfKeys: 2, lua: SET_SCRIPT });
    redis.defineCommand('freshetHash', { numberOfKeys: 2, lua: HASH_SCRIPT });
    redis.defineCommand('freshetSortedSet', { numberOfKeys: 2, lua: SORTED_SET_SCRIPT });
    redis.defineCommand('freshetRemove', { numberOfKeys: 2, lua: REMOVE_SCRIPT });
    this.#scripts = redis as Redis & Scripts;
    this.#random = random;
  }

  /** @returns whether it was written; false where Redis knows a newer version. @throws the reply that was an error */
  async write({ key, write, version }: WriteEffect): Promise<boolean> {
    const at = [key, versionKey(key)] as const;
    const fence = formatVersion(version);
    switch (write.op) {
      case 'remove':
        return 1 === (await this.#scripts.freshetRemove(...at, fence, SHORTEST_VERSION_LIFE_MS));
      case 'set': {
        const lifeMs = this.#lifeMs(write.expiry);
        return (
          1 === (await this.#scripts.freshetSet(...at, fence, versionLifeMs(lifeMs), write.value, lifeMs))
        );
      }
      case 'hash': {
        const lifeMs = this.#lifeMs(write.expiry);
        const { set, removed } = divide(write.fields);
        const extent = write.replaces === true ? 'only' : write.isComplete ? 'all' : 'part';
        const args = [lifeMs, extent, set.length, ...set.flat(), ...removed];
        return 1 === (await this.#scripts.freshetHash(...at, fence, versionLifeMs(lifeMs), ...args));
      }
      case 'sortedSet': {
        const lifeMs = this.#lifeMs(write.expiry);
        const { set, removed } = divide(write.members);
        const scored = set.flatMap(([member, score]) => [score, member]);
        const args = [lifeMs, write.isComplete ? 'all' : 'part', set.length, ...scored, ...removed];
        return 1 === (await this.#scripts.freshetSortedSet(...at, fence, versionLifeMs(lifeMs), ...args));
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
