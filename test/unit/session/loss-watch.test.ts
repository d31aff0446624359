import { expect, test } from 'vitest';
import { RetryableError } from '../../../src/domain/errors.ts';
import { LossWatch } from '../../../src/session/loss-watch.ts';

/** Looks once at each of these processes of Redis; undefined is one that does not answer. */
async function watch(
  known: string | undefined,
  runs: readonly (string | undefined)[],
  isFollowed = false,
  isReadOnly = false,
) {
  const seen: string[] = [];
  const over = new AbortController();
  let kept = known;
  let looks = 0;
  const watching = new LossWatch({
    life: async () => {
      const run = runs[looks++];
      if (looks === runs.length) queueMicrotask(() => setImmediate(() => over.abort()));
      if (run === undefined) throw new RetryableError('away');
      return run;
    },
    memory: {
      read: async () => kept,
      write: async (run) => {
        if (isReadOnly) throw new RetryableError('READONLY');
        kept = run;
        seen.push(`kept ${run}`);
      },
    },
    isFollowed,
    purge: async () => {
      seen.push('purged');
    },
    onLoss: () => {},
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

test('where keys were kept right before, and nobody knows in which process, they are purged, once', async () => {
  expect(await watch(undefined, ['a', 'a'], true)).toEqual(['purged', 'kept a']);
});

test('a purge is not repeated because it cannot be written down', async () => {
  expect(await watch('z', ['a', 'a', 'a'], false, true)).toEqual(['purged']);
});

test('an outage says nothing: the same one may be back', async () => {
  expect(await watch('a', ['a', undefined, 'a'])).toEqual(['kept a']);
});
