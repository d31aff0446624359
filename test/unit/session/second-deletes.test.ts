import { beforeEach, describe, expect, test } from 'vitest';
import type { Batch } from '../../../src/domain/batch.ts';
import type { CacheKey, Effect, KeyEffect, Origin } from '../../../src/domain/effect.ts';
import { SecondDeletes } from '../../../src/session/second-deletes.ts';

const ORIGIN: Origin = { rule: 'product', template: 'product:${id}', pattern: 'product:*' };
const GRACE_MS = 2_000;

/** A clock that is moved by hand. */
class Clock {
  #nowMs = 0;
  #waiting: { readonly untilMs: number; readonly resolve: () => void }[] = [];

  readonly wait = (ms: number): Promise<void> =>
    new Promise((resolve) => this.#waiting.push({ untilMs: this.#nowMs + ms, resolve }));

  async advance(ms: number): Promise<void> {
    this.#nowMs += ms;
    const due = this.#waiting.filter(({ untilMs }) => untilMs <= this.#nowMs);
    this.#waiting = this.#waiting.filter(({ untilMs }) => untilMs > this.#nowMs);
    for (const { resolve } of due) resolve();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function deletes(
  fillGraceMs: number | undefined,
  ...keys: readonly string[]
): Pick<Batch, 'keys' | 'purges'> {
  const effects = keys.map((key): KeyEffect => {
    const effect = { kind: 'delete', key: key as CacheKey, origin: ORIGIN } as const;
    return fillGraceMs === undefined ? effect : { ...effect, fillGraceMs };
  });
  return { keys: new Map(effects.map((effect) => [effect.key, effect])), purges: new Map() };
}

let clock: Clock;
let removed: string[][];
let faults: unknown[];
let second: SecondDeletes;
let outage: PromiseWithResolvers<void> | undefined;

beforeEach(() => {
  clock = new Clock();
  removed = [];
  faults = [];
  outage = undefined;
  second = new SecondDeletes({
    wait: clock.wait,
    remove: async ({ keys, purges }) => {
      await outage?.promise;
      removed.push([...keys.keys(), ...purges.keys()]);
    },
    onFault: (error) => faults.push(error),
    maxBytes: 1_000,
  });
});

test('what is to be deleted again is, a grace after it was gathered, and nothing else', async () => {
  second.add(deletes(GRACE_MS, 'a'));
  second.add(deletes(undefined, 'b'));
  await clock.advance(500);
  await clock.advance(1_999);
  expect(removed).toEqual([]);
  await clock.advance(1);
  expect(removed).toEqual([['a']]);
});

test('a busy key is deleted again once for all deletes of a quarter of the grace, never sooner than a grace', async () => {
  second.add(deletes(GRACE_MS, 'a'));
  await clock.advance(400);
  second.add(deletes(GRACE_MS, 'a', 'b'));
  await clock.advance(100);
  second.add(deletes(GRACE_MS, 'a'));
  await clock.advance(500);
  await clock.advance(1_500);
  expect(removed).toEqual([['a', 'b']]);
  await clock.advance(500);
  expect(removed).toEqual([['a', 'b'], ['a']]);
});

test('each rule has its own grace', async () => {
  second.add(deletes(4_000, 'slow'));
  second.add(deletes(400, 'fast'));
  await clock.advance(100);
  await clock.advance(400);
  expect(removed).toEqual([['fast']]);
});

test('a purge is done again, and takes the place of the keys of its rule', async () => {
  const purge: Extract<Effect, { kind: 'purge' }> = {
    kind: 'purge',
    of: 'keys',
    pattern: ORIGIN.pattern,
    origin: ORIGIN,
    fillGraceMs: GRACE_MS,
  };
  second.add(deletes(GRACE_MS, 'product:1'));
  second.add({ keys: new Map(), purges: new Map([['keys product:*', purge]]) });
  second.add(deletes(GRACE_MS, 'product:2'));
  await clock.advance(500);
  await clock.advance(2_000);
  expect(removed).toEqual([['keys product:*']]);
});

describe('a position', () => {
  test('is confirmed at once where nothing waits', async () => {
    const done: number[] = [];
    second.add(deletes(undefined, 'a'));
    second.whenDone(() => done.push(1));
    await clock.advance(0);
    expect(done).toEqual([1]);
  });

  test('waits for what was added before it, through an outage, and not for what came later', async () => {
    const done: number[] = [];
    second.add(deletes(GRACE_MS, 'a'));
    second.whenDone(() => done.push(1));
    await clock.advance(500);
    second.add(deletes(GRACE_MS, 'b'));
    second.whenDone(() => done.push(2));
    outage = Promise.withResolvers();
    await clock.advance(2_000);
    expect(done).toEqual([]);
    outage.resolve();
    await clock.advance(0);
    expect(done).toEqual([1]);
    await clock.advance(2_000);
    expect(done).toEqual([1, 2]);
  });

  test('is never confirmed where the second delete could not be made', async () => {
    const done: number[] = [];
    outage = Promise.withResolvers();
    second.add(deletes(GRACE_MS, 'a'));
    second.whenDone(() => done.push(1));
    await clock.advance(500);
    await clock.advance(2_000);
    outage.reject(new Error('the session is over'));
    await clock.advance(0);
    expect(done).toEqual([]);
    expect(faults).toContainEqual(new Error('the session is over'));
  });
});

test('while there is too much to remember there is no room, until enough is deleted', async () => {
  second.add(deletes(GRACE_MS, 'a', 'b', 'c', 'd'));
  expect(second.room).toBeUndefined();
  await clock.advance(500);
  second.add(deletes(GRACE_MS, 'a', 'b', 'c', 'd'));
  let hasRoom = false;
  void second.room?.then(() => (hasRoom = true));
  await clock.advance(1_999);
  expect([second.room, hasRoom]).toEqual([expect.any(Promise), false]);
  await clock.advance(1);
  expect([second.room, hasRoom]).toEqual([undefined, true]);
});
