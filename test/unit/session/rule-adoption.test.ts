import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Rule } from '../../../src/domain/rule.ts';
import { RuleAdoption } from '../../../src/session/rule-adoption.ts';
import { ruleOn } from '../pipeline/rule-on.ts';

const USER = ruleOn('public.users', ['user:${id}'], { name: 'user' });
const PAGE = ruleOn('public.users', ['page:${id}'], { name: 'page' });
const ORDER = ruleOn('public.orders', ['order:${id}'], { name: 'order' });
const SHADOW = ruleOn('public.orders', ['order:${id}'], { name: 'shadow', mode: 'shadow' });

/** What is beside the keys, and the transactions of a primary, while one process after the other adopts its rules. */
class Adopted implements AsyncDisposable {
  kept: string | undefined;
  /** All transactions before it have ended. */
  xmin = 800n;
  nextXid = 800n;
  pending: number | undefined;
  /** What becomes of a purge. */
  purging: () => Promise<void> = async () => {};
  /** The rules of each purge. */
  readonly purged: (readonly string[])[] = [];
  #over = new AbortController();
  #runs: Promise<unknown>[] = [];

  async open(rules: readonly Rule[]): Promise<RuleAdoption> {
    const adoption = new RuleAdoption({
      rules,
      memory: {
        read: async () => this.kept,
        write: async (text) => {
          this.kept = text;
        },
      },
      primary: {
        snapshot: async () => ({ xmin: this.xmin, xmax: this.xmin, running: new Set() }),
        nextXid: async () => this.nextXid,
      },
      purge: async (fresh) => {
        this.purged.push(fresh.map(({ name }) => name));
        await this.purging();
      },
      onPending: (count) => {
        this.pending = count;
      },
      log: { info: () => {}, warn: () => {}, error: () => {} },
    });
    await adoption.open();
    return adoption;
  }

  /** Until the next one, or the end. */
  async start(rules: readonly Rule[]): Promise<RuleAdoption> {
    await this.kill();
    const adoption = await this.open(rules);
    this.#over = new AbortController();
    this.#runs.push(adoption.run(this.#over.signal).catch(() => {}));
    // All ports answer within the turn.
    await setImmediate();
    return adoption;
  }

  async kill(): Promise<void> {
    this.#over.abort();
    await Promise.all(this.#runs);
    this.#runs = [];
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }
}

test('all rules are new where nothing is kept, and new once', async () => {
  await using adopted = new Adopted();
  await adopted.start([USER, ORDER]);
  await adopted.start([ORDER, USER]);
  expect(adopted.purged).toEqual([['user', 'order']]);
  expect(adopted.pending).toBe(0);
});

test('again where what was kept is lost', async () => {
  await using adopted = new Adopted();
  await adopted.start([USER]);
  await adopted.kill();
  adopted.kept = undefined;
  await adopted.start([USER]);
  await adopted.start([USER]);
  expect(adopted.purged).toEqual([['user'], ['user']]);
});

test('a rule that is added, and one that does something else than before', async () => {
  await using adopted = new Adopted();
  await adopted.start([USER, ORDER]);
  await adopted.start([USER, { ...ORDER, on: new Set(['insert'] as const) }, PAGE]);
  expect(adopted.purged.slice(1)).toEqual([['order', 'page']]);
});

test('a rule that was in force in between others only: what it missed is purged when it comes back', async () => {
  await using adopted = new Adopted();
  await adopted.start([USER, ORDER]);
  // Killed before it has done anything but to stream.
  await adopted.kill();
  await adopted.open([USER, PAGE]);
  await adopted.start([USER, ORDER]);
  expect(adopted.purged.slice(1)).toEqual([['order']]);
});

test('a shadow rule is none, and new when it becomes a live one', async () => {
  await using adopted = new Adopted();
  await adopted.start([SHADOW]);
  expect(adopted.purged).toEqual([]);
  await adopted.start([ORDER]);
  await adopted.start([SHADOW]);
  await adopted.start([ORDER]);
  expect(adopted.purged).toEqual([['order'], ['order']]);
});

test('purged again when all transactions of the time have ended, and written down only then', async () => {
  await using adopted = new Adopted();
  adopted.nextXid = 803n;
  const { purged } = await adopted.start([USER]);
  await purged;
  expect(adopted.purged).toEqual([['user']]);
  await adopted.start([USER]);
  expect(adopted.purged).toEqual([['user'], ['user']]);
  expect([adopted.kept, adopted.pending]).toEqual([undefined, 1]);
  adopted.xmin = 803n;
  await expect.poll(() => adopted.pending).toBe(0);
  expect(adopted.purged).toEqual([['user'], ['user'], ['user']]);
  await adopted.start([USER]);
  expect(adopted.purged).toHaveLength(3);
});

test('a purge that waits, as for a replica, does not hold up the one that comes again', async () => {
  await using adopted = new Adopted();
  const replicated = Promise.withResolvers<void>();
  adopted.purging = () => replicated.promise;
  adopted.nextXid = 803n;
  await adopted.start([USER]);
  adopted.xmin = 803n;
  await expect.poll(() => adopted.purged).toEqual([['user'], ['user']]);
  expect(adopted.kept).toBeUndefined();
  replicated.resolve();
  await expect.poll(() => adopted.kept).toBeDefined();
});

test('a purge that fails ends it, and the next process purges', async () => {
  await using adopted = new Adopted();
  adopted.purging = async () => {
    throw new Error('the queue is closed');
  };
  const adoption = await adopted.open([USER]);
  await expect(adoption.run(new AbortController().signal)).rejects.toThrow('the queue is closed');
  adopted.purging = async () => {};
  await adopted.start([USER]);
  expect(adopted.purged).toEqual([['user'], ['user']]);
});
