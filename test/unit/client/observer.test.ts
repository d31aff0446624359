import { expect, test } from 'vitest';
import { Observer } from '../../../src/client/observer.ts';

test('counts by kind, and what waiting took', () => {
  const observer = new Observer();
  observer.report({ kind: 'hit', key: 'k', isNegative: false });
  observer.report({ kind: 'hit', key: 'k', isNegative: true });
  observer.report({ kind: 'loaded', keys: ['k'], ms: 12, isBackground: false });
  observer.report({ kind: 'leaseWaited', keys: ['k'], ms: 5 });
  expect(observer.stats()).toMatchObject({
    hit: 2,
    loaded: 1,
    loadMs: 12,
    leaseWaited: 1,
    leaseWaitMs: 5,
    miss: 0,
  });
});

test('a hook that throws, or fails later, disturbs nobody', async () => {
  const hooks = [
    () => {
      throw new Error('hook');
    },
    async () => Promise.reject(new Error('hook')),
  ];
  for (const hook of hooks) {
    const observer = new Observer(hook);
    observer.report({ kind: 'circuitOpened' });
    expect(observer.stats().circuitOpened).toBe(1);
  }
  // An unhandled rejection would fail the run.
  await new Promise(setImmediate);
});
