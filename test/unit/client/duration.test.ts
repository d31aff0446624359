import { describe, expect, test } from 'vitest';
import { type Duration, LONGEST_TIMER_MS, toMs, toMsOrOff } from '../../../src/client/duration.ts';

test.each<[Duration, number]>([
  [250, 250],
  ['250ms', 250],
  ['1.5s', 1_500],
  ['10s', 10_000],
  ['5m', 300_000],
  ['1h', 3_600_000],
  ['7d', 604_800_000],
  [1.6, 2],
])('%s is %i ms', (duration, ms) => {
  expect(toMs('ttl', duration)).toBe(ms);
});

describe('refused, with the name of the option and what to write:', () => {
  test.each(['1 hour', '', '5', '-1s', 'h', '1e3s'])('%j', (text) => {
    expect(() => toMs('ttl', text as Duration)).toThrow(
      `ttl: ${JSON.stringify(text)} is not a duration; write milliseconds (60000) or a text such as '250ms'`,
    );
  });

  test.each([0, 0.7, -5, Number.NaN, Number.POSITIVE_INFINITY])('%d', (ms) => {
    expect(() => toMs('ttl', ms)).toThrow(`ttl: ${ms} is not a duration`);
  });

  test.each<Duration>(['30d', Number.MAX_SAFE_INTEGER])('%s, which no timer can wait for', (duration) => {
    expect(() => toMs('loadTimeout', duration, LONGEST_TIMER_MS)).toThrow(
      `loadTimeout: ${toMs('ttl', duration)} ms is too long, 2147483647 ms is the most`,
    );
  });
});

test('0 is off, where something can be', () => {
  expect(toMsOrOff('staleFor', 0)).toBe(0);
  expect(toMsOrOff('staleFor', '0s')).toBe(0);
  expect(toMsOrOff('staleFor', '1m')).toBe(60_000);
  expect(() => toMsOrOff('staleFor', 0.4)).toThrow('staleFor: 0.4 is not a duration');
});
