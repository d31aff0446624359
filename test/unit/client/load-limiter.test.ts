import { expect, test } from 'vitest';
import { LoadLimiter, LoadRefusedError } from '../../../src/client/load-limiter.ts';

/** Loads that end when they are told to. */
class Loads {
  readonly #ends: (() => void)[] = [];
  running = 0;
  most = 0;

  readonly load = async (): Promise<string> => {
    this.running++;
    this.most = Math.max(this.most, this.running);
    await new Promise<void>((resolve) => this.#ends.push(resolve));
    this.running--;
    return 'loaded';
  };

  async endAll(): Promise<void> {
    for (let end = this.#ends.shift(); end !== undefined; end = this.#ends.shift()) {
      end();
      await new Promise(setImmediate);
    }
  }
}

test('lets as many through as it may, the others one after another, and refuses those beyond the queue', async () => {
  const limiter = new LoadLimiter({ concurrency: 2, queue: 3, queueMs: 60_000 });
  const loads = new Loads();
  const results = Array.from({ length: 7 }, () => limiter.run(loads.load).catch((error: unknown) => error));
  await new Promise(setImmediate);
  expect(loads.running).toBe(2);
  await loads.endAll();
  const outcomes = await Promise.all(results);
  expect(outcomes.slice(0, 5)).toEqual(Array.from({ length: 5 }, () => 'loaded'));
  for (const refused of outcomes.slice(5)) {
    expect(refused).toBeInstanceOf(LoadRefusedError);
    expect(String(refused)).toContain(
      'the database is given 2 loads at once: 3 wait already (fallback.queue); ' +
        'where it can take more, raise fallback.concurrency',
    );
  }
  expect(loads.most).toBe(2);
});

test('a place in the queue is not kept for longer than it says', async () => {
  const limiter = new LoadLimiter({ concurrency: 1, queue: 5, queueMs: 5 });
  const loads = new Loads();
  const first = limiter.run(loads.load);
  await expect(limiter.run(loads.load)).rejects.toThrow(
    'none of 1 ended within 5 ms (fallback.queueTimeout)',
  );
  await loads.endAll();
  expect(await first).toBe('loaded');
  const next = limiter.run(loads.load);
  await loads.endAll();
  expect(await next).toBe('loaded');
});

test('a load that fails gives its place on', async () => {
  const limiter = new LoadLimiter({ concurrency: 1, queue: 1, queueMs: 60_000 });
  const failed = limiter.run(async () => Promise.reject(new Error('no such table')));
  const next = limiter.run(async () => 'loaded');
  await expect(failed).rejects.toThrow('no such table');
  expect(await next).toBe('loaded');
});

test('a load within a load does not wait for its own place', async () => {
  const limiter = new LoadLimiter({ concurrency: 1, queue: 1, queueMs: 60_000 });
  expect(await limiter.run(async () => limiter.run(async () => 'part'))).toBe('part');
});
