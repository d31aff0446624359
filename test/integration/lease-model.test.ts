import * as fc from 'fast-check';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { LEASE_SCRIPTS } from '../../src/lease/lease-scripts.ts';
import { IS_LONG } from '../faults/test-length.ts';
import type { Operation } from '../support/lease/entry-model.ts';
import { EntryStore } from '../support/lease/entry-store.ts';
import { judgeTrial, type KeyHistory, newHistory, trialOf } from '../support/lease/judge-trial.ts';
import { LocalRedis } from '../support/redis/local-redis.ts';
import { redisMajor } from '../support/redis/redis-major.ts';

/** What each client does, one after the other. */
type Programs = Readonly<Record<string, readonly Operation[]>>;

const TRIALS_PER_ROUND_TRIP = 500;
const LONGEST_MS = 300_000;

/** Long, for no time is to go by but where a step says so. */
const get = { kind: 'get', lifeMs: 60_000, ahead: 0 } as const;
const getEarly = { kind: 'get', lifeMs: 90_000, ahead: 1e9 } as const;
const set = { kind: 'set', freshMs: 100_000, keptMs: 1_000_000, costMs: 20, text: 'value' } as const;
const setNone = { kind: 'set', freshMs: 300_000, keptMs: 300_000, costMs: 0, text: null } as const;
const release = { kind: 'release' } as const;
const stale = { kind: 'stale', serveMs: 500_000 } as const;
const staleForLong = { kind: 'stale', serveMs: 5_000_000 } as const;
const unlink = { kind: 'delete' } as const;
const evict = { kind: 'evict' } as const;
const leaseEnds = { kind: 'pass', field: 'd' } as const;
const freshnessEnds = { kind: 'pass', field: 'f' } as const;
const lifeEnds = { kind: 'pass', field: 'e' } as const;

const OPERATIONS: readonly Operation[] = [
  get,
  getEarly,
  set,
  setNone,
  release,
  stale,
  staleForLong,
  unlink,
  evict,
  leaseEnds,
  freshnessEnds,
  lifeEnds,
];

const PROGRAMS: readonly Programs[] = [
  { a: [get, set, get, set], b: [get, set, get, release], c: [unlink, stale, leaseEnds, evict] },
  {
    a: [get, set, getEarly, set],
    b: [get, setNone, get, set],
    c: [staleForLong, freshnessEnds, stale, lifeEnds],
  },
];

let server: LocalRedis;
let redis: Redis;
let store: EntryStore;

beforeAll(async () => {
  server = await LocalRedis.create();
  redis = new Redis(server.url);
  store = await EntryStore.open(redis);
});

beforeEach(async ({ skip }) => {
  skip((await redisMajor(redis)) < 7, 'Redis has PEXPIRETIME from version 7 on');
  await redis.flushall();
});

afterAll(async () => {
  redis.disconnect();
  await server[Symbol.asyncDispose]();
});

test.each(PROGRAMS)(
  'the scripts do what the model does in all 34,650 orders of 3 x 4 operations',
  { timeout: LONGEST_MS },
  async (programs) => {
    let level: readonly KeyHistory[] = [newHistory('start')];
    let steps = 0;
    for (let depth = 1; depth <= 12; depth++) {
      level = await everyNextStep(level, programs, depth);
      steps += level.length;
    }
    // Orders that begin alike share that beginning.
    expect({ orders: level.length, steps }).toEqual({ orders: 34_650, steps: 110_250 });
  },
);

test('the scripts do what the model does in random orders of random operations', {
  timeout: LONGEST_MS,
}, async () => {
  await fc.assert(agreement(store), { numRuns: IS_LONG ? 50_000 : 1_000 });
});

test.each<[string, keyof typeof LEASE_SCRIPTS, string, string]>([
  ['a mark that leaves the lease', 'stale', `redis.call('HDEL', KEYS[1], 'l', 'd')`, ''],
  ['a mark that lengthens', 'stale', `'e', served`, `'e', now + ms(ARGV[1])`],
  ['a fill under any lease', 'set', 'lease[1] ~= ARGV[1]', 'not lease[1]'],
  ['a fill after the lease has ended', 'set', 'now >=', 'now <'],
  ['two holders', 'get', 'if hasLease and', 'if false and'],
  ['a release of what another holds', 'release', '~= ARGV[1]', '== false'],
])('%s is caught', async (_what, name, right, wrong) => {
  const script = LEASE_SCRIPTS[name].replace(right, wrong);
  expect(script).not.toBe(LEASE_SCRIPTS[name]);
  const broken = await EntryStore.open(redis, { ...LEASE_SCRIPTS, [name]: script });
  const { errorInstance } = await fc.check(agreement(broken), { numRuns: 5_000, endOnFailure: true });
  // Not any error: one that lists the steps that led to a difference.
  expect(String(errorInstance)).toContain('"kind"');
});

const steps = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.constantFrom(...OPERATIONS)), {
  minLength: 1,
  maxLength: 12,
  size: 'max',
});

function agreement(tried: EntryStore): fc.IAsyncProperty<[[string, Operation][]]> {
  let keys = 0;
  return fc.asyncProperty(steps, async (given) => {
    let history = newHistory(`random ${keys++}`);
    for (const [client, operation] of given) {
      const trial = trialOf(history, client, operation, `random ${keys++}`);
      const { observed, ...window } = await tried.perform([trial]);
      for (const each of observed) history = judgeTrial(history, client, trial, each, window);
    }
  });
}

/** Each history goes on with the next operation of each client, on a copy of its key. */
async function everyNextStep(
  level: readonly KeyHistory[],
  programs: Programs,
  depth: number,
): Promise<readonly KeyHistory[]> {
  const next: KeyHistory[] = [];
  const moves = level.flatMap((history) =>
    Object.entries(programs).flatMap(([client, program]) => {
      const operation = program[history.steps.filter((step) => step.startsWith(client)).length];
      return operation === undefined ? [] : [{ history, client, operation }];
    }),
  );
  for (let at = 0; at < moves.length; at += TRIALS_PER_ROUND_TRIP) {
    const some = moves.slice(at, at + TRIALS_PER_ROUND_TRIP).map(({ history, client, operation }, index) => ({
      history,
      client,
      trial: trialOf(history, client, operation, `${depth}:${at + index}`),
    }));
    const { observed, ...window } = await store.perform(some.map(({ trial }) => trial));
    for (const [index, { history, client, trial }] of some.entries()) {
      const seen = observed[index];
      if (seen !== undefined) next.push(judgeTrial(history, client, trial, seen, window));
    }
  }
  return next;
}
