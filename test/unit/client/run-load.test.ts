import { expect, test } from 'vitest';
import { LoadTimeoutError, runLoad } from '../../../src/client/run-load.ts';

test('a loader that hangs is given up, and told so', async () => {
  const { promise: aborted, resolve } = Promise.withResolvers<unknown>();
  const run = runLoad(async (signal) => {
    signal.addEventListener('abort', () => resolve(signal.reason));
    return new Promise<never>(() => {});
  }, 5);
  await expect(run).rejects.toThrow('the loader has not ended within 5 ms: look why, or raise loadTimeout');
  expect(await aborted).toBeInstanceOf(LoadTimeoutError);
});

test('what ends in time is what it returns or throws', async () => {
  expect(await runLoad(async () => 'row', 1_000)).toBe('row');
  await expect(runLoad(async () => Promise.reject(new Error('down')), 1_000)).rejects.toThrow('down');
});
