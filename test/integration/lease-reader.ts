import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { LEASE_SCRIPTS } from '../../src/lease/lease-scripts.ts';

const LEASE_MS = 30_000;
const HOUR_MS = 3_600_000;

export interface Answer {
  readonly state: string;
  readonly value: string | null;
  /** Undefined where another reader has the lease, or nobody needs one. */
  readonly token: string | undefined;
}

interface Wish {
  /** A value is loaded anew so many times its cost before its end. */
  readonly timesCost?: number;
  readonly leaseMs?: number;
  readonly tags?: readonly string[];
}

/** A reader that follows the lease protocol, by its scripts alone. */
export class LeaseReader {
  readonly #redis: Redis;

  constructor(redis: Redis) {
    this.#redis = redis;
  }

  async get(key: string, { timesCost = 0, leaseMs = LEASE_MS, tags = [] }: Wish = {}): Promise<Answer> {
    const args = [randomUUID(), leaseMs, timesCost, ...tags];
    const reply = await this.#redis.eval(LEASE_SCRIPTS.get, 1, key, ...args);
    const [state, token, value] = reply as [string, string | null, string | null];
    return { state, value, token: token ?? undefined };
  }

  /** Takes the lease of a key, be it of a fresh value that has cost something. */
  async lease(key: string): Promise<string> {
    const { token, state } = await this.get(key, { timesCost: HOUR_MS });
    if (token === undefined) throw new Error(`no lease was granted for ${key}, which is ${state}`);
    return token;
  }

  /** @param value none: it is known that there is none. @returns whether it was stored */
  async set(key: string, token: string, value: string | undefined, freshMs = HOUR_MS): Promise<boolean> {
    const args = [token, freshMs, freshMs, 1, ...(value === undefined ? [] : [value])];
    return (await this.#redis.eval(LEASE_SCRIPTS.set, 1, key, ...args)) === 1;
  }

  async fill(key: string, value: string | undefined, freshMs?: number): Promise<void> {
    const isStored = await this.set(key, await this.lease(key), value, freshMs);
    if (!isStored) throw new Error(`${key} could not be filled`);
  }

  /** Names a key in a tag, as before it is loaded. */
  async tag(tag: string, key: string): Promise<void> {
    await this.#redis.eval(LEASE_SCRIPTS.tag, 1, tag, key, LEASE_MS);
  }
}
