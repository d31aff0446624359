import { expect, test } from 'vitest';
import { type KeepOptions, type ReadOptions, readSettings } from '../../../src/client/read-options.ts';

test('what is not said is the default of the cache, then of the library', () => {
  const settings = readSettings({ staleFor: '1m', jitter: undefined }, { ttl: '1h', jitter: 0.3 });
  expect(settings).toMatchObject({
    ttlMs: 3_600_000,
    jitter: 0.3,
    staleForMs: 60_000,
    negativeTtlMs: undefined,
    beta: 1,
    acceptStale: true,
    inBackground: true,
    leaseMs: 5_000,
    waitForMs: 500,
    loadTimeoutMs: 30_000,
  });
  expect(settings.tags('k')).toEqual([]);
});

test('0 is off, also what the cache does by default', () => {
  const defaults = { ttl: '1h', staleFor: '1m', negativeTtl: '1m' } as const;
  expect(readSettings({ staleFor: 0, negativeTtl: 0, waitFor: 0 }, defaults)).toMatchObject({
    staleForMs: 0,
    negativeTtlMs: undefined,
    waitForMs: 0,
  });
});

test('tags are a list, or made of the key', () => {
  expect(readSettings({ ttl: 1, tags: ['a'] }, {}).tags('k')).toEqual(['a']);
  expect(readSettings({ ttl: 1, tags: (key) => [`tag:${key}`] }, {}).tags('k')).toEqual(['tag:k']);
  expect(() => readSettings({ ttl: 1, tags: ['a\nb'] }, {}).tags('k')).toThrow(
    'tags: "a\\nb" has a line feed',
  );
});

test('over a connection that is lent nothing goes on in the background', () => {
  const connection = { query: async () => ({ rows: [] }) };
  expect(readSettings({ ttl: 1, connection }, {})).toMatchObject({ beta: 0, inBackground: false });
});

test.each<[ReadOptions & KeepOptions, string]>([
  [{}, 'ttl is missing: give it to this read'],
  [{ ttl: '1h', jitter: 1 }, 'jitter: 1 is not a part'],
  [{ ttl: '1h', earlyRefresh: -1 }, 'earlyRefresh: -1 is not a factor'],
  [{ ttl: '1h', lease: '2m' }, 'lease: 120000 ms is too long, 60000 ms is the most'],
  [{ ttl: 0 }, 'ttl: 0 is not a duration'],
  [{ ttl: '1h', staleFor: -1 }, 'staleFor: -1 is not a duration'],
  [{ ttl: '1h', loadTimeout: '30d' }, 'loadTimeout: 2592000000 ms is too long, 2147483647 ms is the most'],
])('%j is refused: %s', (options, problem) => {
  expect(() => readSettings(options, {})).toThrow(problem);
});
