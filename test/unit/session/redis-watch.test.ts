import { expect, test } from 'vitest';
import { RetryableError } from '../../../src/domain/errors.ts';
import { RedisWatch } from '../../../src/session/redis-watch.ts';

/** Looks once at each of these processes of Redis; undefined is one that does not answer. */
async function watch(known: string | undefined, runs: readonly (string | undefined)[]) {
  const seen: string[] = [];
  const over = new AbortController();
  let kept = known;
  let looks = 0;
  const watching = new RedisWatch({
    runId: async () => {
      const run = runs[looks++];
      if (looks === runs.length) queueMicrotask(() => setImmediate(() => over.abort()));
      if (run === undefined) throw new RetryableError('away');
      return run;
    },
    memory: {
      read: async () => kept,
      write: async (run) => {
        kept = run;
        seen.push(`kept ${run}`);
      },
    },
    purge: async () => {
      seen.push('purged');
    },
    onReplaced: () => {},
    log: { info() {}, warn() {}, error() {} },
    intervalMs: 1,
  });
  await expect(watching.run(over.signal)).rejects.toThrow();
  return seen;
}

test('the first one that is seen is written down', async () => {
  expect(await watch(undefined, ['a', 'a'])).toEqual(['kept a']);
});

test('another one than was written down, or than a moment ago, is answered by a purge, once', async () => {
  expect(await watch('z', ['a', 'a'])).toEqual(['purged', 'kept a']);
  expect(await watch('a', ['a', 'b', 'b'])).toEqual(['kept a', 'purged', 'kept b']);
});

test('an outage says nothing: the same one may be back', async () => {
  expect(await watch('a', ['a', undefined, 'a'])).toEqual(['kept a']);
});
