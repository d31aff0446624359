import type { GuardedRedis } from './guarded-redis.ts';

/** The right to load a key and to store what was loaded, until the key is deleted or the lease ends. */
export interface Lease {
  readonly key: string;
  readonly token: string;
  /** That the key has to be registered in before it is loaded. */
  readonly tags: readonly string[];
}

/** What is under a key. */
export interface Entry {
  readonly state: 'fresh' | 'stale' | 'none' | 'foreign';
  /** Undefined where there is none to serve, and where it is known that there is no value. */
  readonly payload: string | undefined;
  /** Where it was granted. */
  readonly lease: Lease | undefined;
}

/** How long a filled entry lives, in milliseconds from then on. */
export interface Lifetime {
  readonly freshMs: number;
  /** `freshMs` and as long as it may be served stale. */
  readonly keptMs: number;
}

/** How far Freshet is. */
export interface Heartbeat {
  /** All up to here is applied. */
  readonly position: string;
  /** For how long at most a change may have been missing. */
  readonly ageMs: number;
}

const STATES: readonly unknown[] = ['fresh', 'stale', 'none', 'foreign'] satisfies Entry['state'][];

/** The scripts of src/lease with their arguments and replies. `undefined` is what Redis does not answer. */
export class LeaseCommands {
  readonly #redis: GuardedRedis;
  readonly #prefix: string;
  readonly #heartbeatKey: string;

  constructor(redis: GuardedRedis, { prefix, slot }: { prefix: string; slot: string }) {
    this.#redis = redis;
    this.#prefix = prefix;
    this.#heartbeatKey = `freshet:{${slot}}:heartbeat`;
  }

  /** Reads a key, and takes its lease where there is nothing fresh enough that is in all of these tags. */
  async acquire(
    key: string,
    leaseMs: number,
    earlyFactor: number,
    tags: readonly string[],
  ): Promise<Entry | undefined> {
    const named = tags.map((tag) => this.#prefix + tag);
    const args = [crypto.randomUUID(), String(leaseMs), String(earlyFactor), ...named];
    const read = (reply: unknown): Entry => readEntry(key, tags, reply);
    return this.#redis.run('get', this.#prefix + key, args, read, ({ lease }) => {
      // A lease that nobody uses would keep others waiting.
      if (lease !== undefined) this.#redis.send('release', this.#prefix + key, [lease.token]);
    });
  }

  /**
   * @param payload undefined: it is known that there is no value
   * @returns whether it was stored; not where the lease is over
   */
  async fill(
    { key, token }: Lease,
    { freshMs, keptMs }: Lifetime,
    costMs: number,
    payload: string | undefined,
  ): Promise<boolean | undefined> {
    const args = [token, ...[freshMs, keptMs, costMs].map((ms) => String(Math.ceil(ms)))];
    if (payload !== undefined) args.push(payload);
    return this.#redis.run('set', this.#prefix + key, args, (reply) => reply === 1);
  }

  async release({ key, token }: Lease): Promise<void> {
    await this.#redis.run('release', this.#prefix + key, [token], () => true);
  }

  /**
   * Registers a key in its tags.
   * @param lifeMs the longest that the key may be there from now on
   * @returns whether Redis has confirmed it of all
   */
  async tag({ key, tags }: Lease, lifeMs: number): Promise<boolean> {
    const args = [this.#prefix + key, String(Math.ceil(lifeMs))];
    const answers = tags.map((tag) => this.#redis.run('tag', this.#prefix + tag, args, () => true));
    return (await Promise.all(answers)).every((answer) => answer === true);
  }

  /** @returns whether Redis has confirmed it */
  async remove(keys: readonly string[]): Promise<boolean> {
    return this.#redis.remove(keys.map((key) => this.#prefix + key));
  }

  /** @returns undefined also where there is none: Freshet does not run, or has another slot */
  async heartbeat(): Promise<Heartbeat | undefined> {
    return this.#redis.run('heartbeat', this.#heartbeatKey, [], readHeartbeat);
  }
}

function readEntry(key: string, tags: readonly string[], reply: unknown): Entry {
  const [state, token, payload] = listOf(reply);
  if (!isState(state) || !isTextOrNull(token) || !isTextOrNull(payload)) throw unknownReply();
  return { state, payload: payload ?? undefined, lease: token === null ? undefined : { key, token, tags } };
}

function readHeartbeat(reply: unknown): Heartbeat | undefined {
  const [position, ageMs] = listOf(reply);
  if (position === null) return undefined;
  if (typeof position !== 'string' || typeof ageMs !== 'number') throw unknownReply();
  return { position, ageMs };
}

function isState(state: unknown): state is Entry['state'] {
  return STATES.includes(state);
}

function isTextOrNull(value: unknown): value is string | null {
  return value === null || typeof value === 'string';
}

function listOf(reply: unknown): readonly unknown[] {
  if (Array.isArray(reply)) return reply;
  throw unknownReply();
}

function unknownReply(): Error {
  return new Error(
    "the Redis client does not give a script's reply as it is: it must return lists of strings, integers and nulls " +
      '(no Buffers, no type mapping)',
  );
}
