import { expect, test } from 'vitest';
import type { AuditedKey, AuditorOptions } from '../../../src/audit/auditor.ts';
import { Auditor } from '../../../src/audit/auditor.ts';
import type { CachedValue } from '../../../src/domain/cached-value.ts';
import type { Write } from '../../../src/domain/effect.ts';

const KEY: AuditedKey = {
  key: 'k',
  values: [],
  template: {
    rule: 'r',
    template: 'k',
    pattern: 'k',
    valuesOf: () => [],
    reading: {
      query: { source: '', texts: [''], parameters: [], columns: [] },
      as: 'string',
      always: false,
      expiry: { ttlMs: 1, jitter: 0 },
    },
  },
};

interface World {
  /** What the key holds at each look, and what the database says; the last of each goes on. */
  readonly cached: readonly (string | undefined)[];
  /** undefined: no row can have such a key. */
  readonly database: readonly (string | undefined)[];
  readonly applied?: boolean;
}

/** Looks at this world; time passes by 100 ms with each change that is waited for. */
async function verdictOf({ cached, database, applied = true }: World): Promise<unknown> {
  let reads = 0;
  let asked = 0;
  let nowMs = 0;
  const options: AuditorOptions = {
    read: async () => {
      const text = cached[Math.min(reads++, cached.length - 1)];
      return [
        text === undefined ? { kind: 'absent' } : ({ kind: 'text', text, ttlMs: 5 } satisfies CachedValue),
      ];
    },
    expect: async (): Promise<Write | undefined> => {
      const value = database[Math.min(asked++, database.length - 1)];
      return value === undefined ? undefined : { op: 'set', value, expiry: { ttlMs: 1, jitter: 0 } };
    },
    untilApplied: async () => {
      nowMs += 100;
      return applied;
    },
    withinMs: 1_000,
    nowMs: () => nowMs,
  };
  const [judged] = await new Auditor(options).judge([KEY]);
  return judged?.verdict;
}

test('what is equal is consistent at once', async () => {
  expect(await verdictOf({ cached: ['a'], database: ['a'] })).toEqual({ kind: 'consistent', afterMs: 0 });
});

test('what is not cached is never wrong', async () => {
  expect(await verdictOf({ cached: [undefined], database: ['a'] })).toEqual({ kind: 'absent' });
});

test('a change on its way is waited for', async () => {
  expect(await verdictOf({ cached: ['old', undefined], database: ['new'] })).toEqual({
    kind: 'consistent',
    afterMs: 100,
  });
  expect(await verdictOf({ cached: ['old', 'old', 'new'], database: ['new'] })).toEqual({
    kind: 'consistent',
    afterMs: 200,
  });
});

test('what stays different while the database stays as it is, is stale', async () => {
  expect(await verdictOf({ cached: ['old'], database: ['new'] })).toEqual({
    kind: 'stale',
    how: 'differs in the text',
  });
});

test('one look too few accuses nobody: the database has changed meanwhile', async () => {
  const database = Array.from({ length: 20 }, (_, index) => String(index));
  expect(await verdictOf({ cached: ['old'], database })).toEqual({ kind: 'undecided' });
});

test('nothing is said of a daemon that does not get so far in time', async () => {
  expect(await verdictOf({ cached: ['old'], database: ['new'], applied: false })).toEqual({
    kind: 'undecided',
  });
});

test('a key that no row can have is nobody whom this concerns', async () => {
  expect(await verdictOf({ cached: ['list'], database: [undefined] })).toEqual({ kind: 'foreign' });
});
