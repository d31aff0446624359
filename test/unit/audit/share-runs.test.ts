import { expect, test } from 'vitest';
import { shareRuns } from '../../../src/audit/share-runs.ts';

/** Each run waits to be ended. */
function controlledTask() {
  const runs: PromiseWithResolvers<number>[] = [];
  const task = (): Promise<number> => {
    const run = Promise.withResolvers<number>();
    runs.push(run);
    return run.promise;
  };
  return { runs, task };
}

test('whoever comes while it runs shares the next run, which begins after the first', async () => {
  const { runs, task } = controlledTask();
  const share = shareRuns(task);
  const first = share();
  const late = [share(), share()];
  expect(runs.length).toBe(1);
  runs[0]?.resolve(1);
  expect(await first).toBe(1);
  await expect.poll(() => runs.length).toBe(2);
  runs[1]?.resolve(2);
  expect(await Promise.all(late)).toEqual([2, 2]);
  const again = share();
  expect(runs.length).toBe(3);
  runs[2]?.resolve(3);
  expect(await again).toBe(3);
});

test('a run that fails is followed by another all the same', async () => {
  const { runs, task } = controlledTask();
  const share = shareRuns(task);
  const first = share();
  const second = share();
  runs[0]?.reject(new Error('away'));
  await expect(first).rejects.toThrow('away');
  await expect.poll(() => runs.length).toBe(2);
  runs[1]?.resolve(2);
  expect(await second).toBe(2);
});
