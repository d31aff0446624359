import type { ChainableCommander, Redis } from 'ioredis';
import { LEASE_SCRIPTS } from '../../../src/lease/lease-scripts.ts';
import type { ScriptName } from './call-script.ts';
import type { Entry, Operation } from './entry-model.ts';

/** One operation on a key of its own, which begins as a copy of another. */
export interface Trial {
  readonly from: string;
  readonly key: string;
  readonly operation: Operation;
  /** For get the nonce, for set and release the token. */
  readonly token: string;
}

export interface Observation {
  readonly reply: unknown;
  readonly entry: Entry | undefined;
}

export interface Observations {
  /** Of each trial. */
  readonly observed: readonly Observation[];
  /** The clock of Redis before the first and after the last, in ms. */
  readonly from: number;
  readonly to: number;
}

/** KEYS[1] the key, ARGV[1] a field whose instant is over from now on; without a lease, nothing keeps the key past `e`. */
const PASS = `
  local time = redis.call('TIME')
  local past = time[1] * 1000 + math.floor(time[2] / 1000) - 1
  local field = ARGV[1]
  if redis.call('HEXISTS', KEYS[1], field) == 0 then return false end
  local other = field == 'd' and 'e' or field == 'e' and 'd'
  if other and redis.call('HEXISTS', KEYS[1], other) == 0 then
    redis.call('UNLINK', KEYS[1])
    return false
  end
  redis.call('HSET', KEYS[1], field, past)
  if field == 'e' then redis.call('HSET', KEYS[1], 'f', past) end
  return false`;

type Scripts = Readonly<Record<ScriptName, string>>;

/** Performs operations on a real Redis (7 or later: PEXPIRETIME), many in one round trip, and reads what they leave. */
export class EntryStore {
  readonly #redis: Redis;
  readonly #digests: ReadonlyMap<string, string>;

  private constructor(redis: Redis, digests: ReadonlyMap<string, string>) {
    this.#redis = redis;
    this.#digests = digests;
  }

  static async open(redis: Redis, scripts: Scripts = LEASE_SCRIPTS): Promise<EntryStore> {
    const digests = Object.entries({ ...scripts, pass: PASS }).map(
      async ([name, lua]) => [name, String(await redis.script('LOAD', lua))] as const,
    );
    return new EntryStore(redis, new Map(await Promise.all(digests)));
  }

  async perform(trials: readonly Trial[]): Promise<Observations> {
    const pipeline = this.#redis.pipeline().time();
    for (const trial of trials) {
      pipeline.copy(trial.from, trial.key);
      this.#queue(pipeline, trial);
      pipeline.hgetall(trial.key).pexpiretime(trial.key);
    }
    const replies = (await pipeline.time().exec()) ?? [];
    const [first, ...rest] = replies.map(([error, reply]) => {
      if (error !== null) throw error;
      return reply;
    });
    const from = toMs(first);
    const to = toMs(rest.pop());
    const observed = trials.map((_, index) => {
      const [, reply, fields, expiresAt] = rest.slice(4 * index);
      return { reply, entry: toEntry(fields as Record<string, string>, Number(expiresAt)) };
    });
    return { observed, from, to };
  }

  #queue(pipeline: ChainableCommander, { key, operation, token }: Trial): void {
    const run = (name: ScriptName | 'pass', ...args: readonly (string | number)[]): void => {
      pipeline.evalsha(this.#digests.get(name) ?? '', 1, key, ...args);
    };
    switch (operation.kind) {
      case 'get':
        return run('get', token, operation.lifeMs, operation.ahead);
      case 'set': {
        const { freshMs, keptMs, costMs, text } = operation;
        return run('set', token, freshMs, keptMs, costMs, ...(text === null ? [] : [text]));
      }
      case 'release':
        return run('release', token);
      case 'stale':
        return run('stale', operation.serveMs);
      case 'delete':
        pipeline.unlink(key);
        return;
      case 'evict':
        pipeline.pexpire(key, 0);
        return;
      case 'pass':
        return run('pass', operation.field);
    }
  }
}

function toMs(time: unknown): number {
  const [seconds, microseconds] = time as readonly [string, string];
  return Number(seconds) * 1000 + Math.floor(Number(microseconds) / 1000);
}

/** A value, a negative result, a lease, and a lease beside each of them. */
const FIELDS = ['c e f v', 'c e f n v', 'd l', 'c d e f l v', 'c d e f l n v'];

/** @throws Error for fields that an entry has not, or has not together */
function toEntry(fields: Readonly<Record<string, string>>, expiresAt: number): Entry | undefined {
  const names = Object.keys(fields).toSorted().join(' ');
  if (names === '') return undefined;
  if (!FIELDS.includes(names)) throw new Error(`an entry with the fields ${names}`);
  const { v, n, f, e, c, l, d } = fields;
  return {
    ...(v !== undefined && {
      value: {
        text: n === undefined ? v : null,
        freshUntil: Number(f),
        servedUntil: Number(e),
        costMs: Number(c),
      },
    }),
    ...(l !== undefined && { lease: { token: l, deadline: Number(d) } }),
    expiresAt,
  };
}
