import * as fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import type { Batch } from '../../src/domain/batch.ts';
import { BatchQueue } from '../../src/pipeline/queue/batch-queue.ts';
import { BatchApplier } from '../../src/pipeline/redis/batch-applier.ts';
import { heldToken } from '../support/redis/held-token.ts';
import { type Delivered, type Identity, ItemHistory, rulesFor, transactions } from './item-history.ts';
import { RedisKeys } from './redis-keys.ts';

/**
 * What is written must be exact however often it is delivered. A leader applies a history in batches of any size,
 * crashes after any of them or in the middle of one, and begins again anywhere from what is confirmed back to the start;
 * a former leader was paused with batches in its hands, and applies them whenever it wakes up.
 */
const keys = new RedisKeys();
const applier = new BatchApplier(keys.redis, await heldToken(keys.redis));
const neverAborted = new AbortController().signal;

afterAll(() => keys[Symbol.asyncDispose]());

/** One leader's life. Every number is a share of what is possible at that point. */
interface Life {
  readonly batchKeys: number;
  /** Where it begins, before the first transaction that is not confirmed. */
  readonly from: number;
  /** Transactions that have arrived whenever it takes a batch. */
  readonly ahead: number;
  /** How many batches it applies before it crashes, and how much of the next. */
  readonly batches: number;
  readonly part: number;
  /** Batches in its hands when it is paused instead of crashed, and after how many lives it wakes up. */
  readonly held: number;
  readonly sleeps: number;
}

const share = fc.double({ min: 0, max: 1, noNaN: true });
const life: fc.Arbitrary<Life> = fc.record({
  batchKeys: fc.integer({ min: 1, max: 24 }),
  from: share,
  ahead: fc.integer({ min: 1, max: 6 }),
  batches: fc.integer({ min: 0, max: 12 }),
  part: share,
  held: fc.integer({ min: 0, max: 6 }),
  sleeps: fc.integer({ min: 0, max: 3 }),
});

/** The batches that a daemon would make of the transactions, with what each confirms: the number of the transaction. */
async function* batchesOf(
  delivered: readonly Delivered[],
  first: number,
  { batchKeys, ahead }: Pick<Life, 'batchKeys' | 'ahead'>,
) {
  const queue = new BatchQueue({ maxKeys: batchKeys, maxBytes: 1_000_000_000 });
  for (let next = first; next < delivered.length; next += ahead) {
    for (const { xid, commitLsn, endLsn, effects } of delivered.slice(next, next + ahead)) {
      queue.begin({ xid, commitLsn, commitTimeMs: xid });
      for (const effect of effects) queue.add(effect);
      queue.commit(endLsn);
    }
    const last = delivered[Math.min(next + ahead, delivered.length) - 1];
    for (let batch = await queue.next(); batch !== undefined; batch = await queue.next()) {
      const position = batch.position ?? 0n;
      yield { batch, confirms: delivered.filter(({ endLsn }) => endLsn <= position).length };
      if (batch.position === last?.endLsn) break;
    }
  }
}

/** Some of the keys and purges: the rest was on its way when the process ended. */
function partOf(batch: Batch, part: number): Batch {
  const some = <T>(all: ReadonlyMap<string, T>): Map<string, T> =>
    new Map([...all].filter((_, index) => (index * 0.37) % 1 < part));
  return { ...batch, keys: some(batch.keys) as Map<never, never>, purges: some(batch.purges) };
}

/** The last of the leaders lives until all is done. */
async function play(delivered: readonly Delivered[], lives: readonly Life[]): Promise<void> {
  let confirmed = 0;
  const sleepers: { readonly batches: readonly Batch[]; wakesIn: number }[] = [];
  for (const [index, each] of lives.entries()) {
    const isLast = index === lives.length - 1;
    const first = Math.round(confirmed * (1 - each.from));
    let left = isLast ? Number.POSITIVE_INFINITY : each.batches;
    const held: Batch[] = [];
    for await (const { batch, confirms } of batchesOf(delivered, first, each)) {
      if (left-- > 0) {
        await applier.apply(batch, neverAborted);
        confirmed = Math.max(confirmed, confirms);
      } else if (held.length < each.held) held.push(batch);
      else {
        if (each.held === 0) await applier.apply(partOf(batch, each.part), neverAborted);
        break;
      }
    }
    sleepers.push({ batches: held, wakesIn: each.sleeps });
    for (const sleeper of sleepers.splice(0)) {
      if (!isLast && sleeper.wakesIn-- > 0) sleepers.push(sleeper);
      else for (const batch of sleeper.batches) await applier.apply(batch, neverAborted);
    }
  }
}

test.each<[Identity]>([['default'], ['full']])(
  'under replica identity %s the keys are exact, whatever was delivered again and whoever wakes up',
  async (identity) => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(transactions, fc.array(life, { minLength: 1, maxLength: 6 }), async (steps, lives) => {
        const prefix = `${keys.prefix}${identity}${run++}:`;
        const history = new ItemHistory(steps, identity, rulesFor(prefix));
        await play(history.delivered, lives);
        expect(await keys.contents(prefix)).toEqual(history.contents);
      }),
      { numRuns: 200 },
    );
    expect(Math.min(...(await keys.lives()))).toBeGreaterThan(0);
  },
);

test('every prefix of a history may be delivered again', async () => {
  const [steps] = fc.sample(fc.tuple(transactions), { seed: 7, numRuns: 1 }).flat();
  const history = new ItemHistory(steps ?? [], 'full', rulesFor(`${keys.prefix}prefix:`));
  const { delivered, contents } = history;
  const whole = { batchKeys: 2, ahead: 1 };
  for (let end = 1; end <= delivered.length; end++) {
    for await (const { batch } of batchesOf(delivered, 0, whole)) await applier.apply(batch, neverAborted);
    for await (const { batch } of batchesOf(delivered.slice(0, end), 0, whole))
      await applier.apply(batch, neverAborted);
    expect(await keys.contents(`${keys.prefix}prefix:`)).toEqual(contents);
  }
});
