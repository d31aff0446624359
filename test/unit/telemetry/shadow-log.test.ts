import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { CacheKey, Effect } from '../../../src/domain/effect.ts';
import { ShadowLog } from '../../../src/telemetry/shadow-log.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const deleted = (rule: string): Effect => ({
  kind: 'delete',
  key: `${rule}:secret` as CacheKey,
  origin: { rule, template: `${rule}:\${email}`, pattern: `${rule}:*` },
});
const skipped = { kind: 'skip', origin: { rule: 'b', template: 'b:${email}', pattern: 'b:*' } } as const;

function open() {
  const lines: string[] = [];
  const write = (fields: object) => void lines.push(JSON.stringify(fields));
  const over = new AbortController();
  return { lines, over, log: new ShadowLog({ info: write, warn: write, error: write }, over.signal) };
}

test('one line a rule in ten seconds, with counts and without a key', () => {
  const { lines, log } = open();
  for (let i = 0; i < 151; i++) log.count(deleted('a'));
  log.count(deleted('b'));
  log.count(skipped);
  expect(lines).toEqual([]);
  vi.advanceTimersByTime(10_000);
  const told = ['{"rule":"a","effects":{"delete":151}}', '{"rule":"b","effects":{"delete":1,"skip":1}}'];
  expect(lines).toEqual(told);
  vi.advanceTimersByTime(60_000);
  log.count(deleted('a'));
  vi.advanceTimersByTime(9_999);
  expect(lines).toEqual(told);
  vi.advanceTimersByTime(1);
  expect(lines).toEqual([...told, '{"rule":"a","effects":{"delete":1}}']);
});

test('what is left is told at the end, once', () => {
  const { lines, over, log } = open();
  log.count(deleted('a'));
  over.abort();
  vi.advanceTimersByTime(60_000);
  expect(lines).toEqual(['{"rule":"a","effects":{"delete":1}}']);
});
