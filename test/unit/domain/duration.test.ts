import { expect, test } from 'vitest';
import { formatDuration } from '../../../src/domain/duration.ts';

test.each([
  [1, '1ms'],
  [1_500, '1500ms'],
  [2_000, '2s'],
  [90_000, '90s'],
  [60_000, '1m'],
  [3_600_000, '1h'],
  [129_600_000, '36h'],
  [604_800_000, '7d'],
])('%d ms are %s, the longest unit that fits', (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});
