import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { boolean } from '../../../src/config/formats/boolean.ts';
import { postgresUrl, postgresUrls, redisUrl } from '../../../src/config/formats/connection-url.ts';
import { duration } from '../../../src/config/formats/duration.ts';
import type { Format } from '../../../src/config/formats/format.ts';
import { host } from '../../../src/config/formats/host.ts';
import { integer } from '../../../src/config/formats/integer.ts';
import { pathList } from '../../../src/config/formats/path-list.ts';
import { publicationName, slotName } from '../../../src/config/formats/postgres-name.ts';
import { size } from '../../../src/config/formats/size.ts';
import { SETTING_FIELDS } from '../../../src/config/settings-schema.ts';

const OTHER_KINDS = [null, undefined, [], {}, ['x'], Number.NaN, Number.POSITIVE_INFINITY, -1, 1.5];

function expectNone(format: Format<unknown>, ...values: readonly unknown[]): void {
  for (const value of values) expect(format.parse(value), JSON.stringify(value)).toBeUndefined();
}

test.each([...SETTING_FIELDS])('the default of %s is one that its format accepts', (_, field) => {
  if (field.default !== null) expect(field.format.parse(field.default)).toBeDefined();
});

describe('integer', () => {
  const format = integer(0, 1_000_000);

  test('any text is either exactly the number that it shows, or refused', () => {
    const nearNumbers = fc.stringMatching(/^[-+ 0-9eExX._a-f]{0,8}$/);
    fc.assert(
      fc.property(fc.oneof(fc.string(), nearNumbers, fc.nat().map(String)), (text) => {
        const value = format.parse(text);
        return value === undefined ? !isPlainNumber(text) : String(value) === text;
      }),
    );
  });

  test('takes YAML numbers and no other kind', () => {
    expect(format.parse(5)).toBe(5);
    expectNone(format, ...OTHER_KINDS, true, 1_000_001, 2 ** 60);
  });
});

describe('quantities', () => {
  test.each([
    ['200ms', 200],
    ['10s', 10_000],
    ['5m', 300_000],
    ['1h', 3_600_000],
    ['7d', 604_800_000],
    ['250', 250],
    [250, 250],
  ])('duration %s is %d ms', (text, ms) => {
    expect(duration('0s', '30d').parse(text)).toBe(ms);
  });

  test.each([
    ['64MiB', 67_108_864],
    ['1kB', 1_000],
    ['1GiB', 1_073_741_824],
    ['7', 7],
    [7, 7],
  ])('size %s is %d bytes', (text, bytes) => {
    expect(size('1B', '1GiB').parse(text)).toBe(bytes);
  });

  test('nothing near a quantity is taken for one', () => {
    expectNone(
      duration('1ms', '1h'),
      ...OTHER_KINDS,
      '',
      '10 s',
      '1.5s',
      '10S',
      '2h',
      '0',
      's',
      '1e3',
      '010s',
    );
    expectNone(
      size('1MiB', '1GiB'),
      ...OTHER_KINDS,
      '',
      '64 MiB',
      '64Mi',
      '1B',
      '2GiB',
      '99999999999999999999',
    );
    expectNone(size('0', '1GiB'), '1toString', '1constructor');
  });

  test('an unknown unit names the known ones', () => {
    expect(size('1MiB', '1GiB').hint?.('64Mi')).toBe('units are B, kB, MB, GB, KiB, MiB, GiB');
    expect(duration('1s', '1h').hint?.('2h')).toBeUndefined();
  });
});

test('booleans are true and false, and nothing that resembles them', () => {
  expect(['true', true, 'false', false].map(boolean.parse)).toEqual([true, true, false, false]);
  expectNone(boolean, ...OTHER_KINDS, 'no', 'yes', 'True', '0', '1', 0, 1, '');
});

test('slot and publication names', () => {
  expect(slotName.parse('freshet_1')).toBe('freshet_1');
  expectNone(slotName, ...OTHER_KINDS, 'Freshet', 'a-b', '', 'a'.repeat(64), 'a\n', 7);
  expect(publicationName.parse('Fresh Water')).toBe('Fresh Water');
  expectNone(publicationName, ...OTHER_KINDS, '', '"a"', 'é'.repeat(32), 'a\0');
});

test('hosts', () => {
  for (const good of ['0.0.0.0', '::', '::1', 'localhost', 'a-b.example'])
    expect(host.parse(good)).toBe(good);
  expectNone(host, ...OTHER_KINDS, '', '10.0.0.256', 'a b', 'http://x', 'x:80', '-a', '8080');
});

test('lists of paths', () => {
  expect(pathList.parse('a.yaml, rules/*.yml')).toEqual(['a.yaml', 'rules/*.yml']);
  expect(pathList.parse(['a, b.yaml'])).toEqual(['a, b.yaml']);
  expectNone(pathList, null, undefined, {}, [], [5], '', 'a,,b', ['']);
});

describe('connection URLs', () => {
  test.each([
    'postgres://u:p%23@db.internal:5432/shop?sslmode=require',
    'postgresql://db/shop',
    'postgresql:///shop?host=/var/run/postgresql',
  ])('Postgres: %s', (url) => {
    expect(postgresUrl.parse(url)).toBe(url);
  });

  test.each(['redis://cache', 'rediss://u:p@cache:6379/0', 'redis://[::1]:6379/'])('Redis: %s', (url) => {
    expect(redisUrl.parse(url)).toBe(url);
  });

  test('what would silently connect elsewhere is refused', () => {
    const wrong = [
      '',
      'db:5432/shop',
      'host=db',
      'mysql://db',
      ' postgres://db',
      'postgres://db\n',
      'postgres:///',
    ];
    expectNone(postgresUrl, ...OTHER_KINDS, ...wrong, 'postgres://u:a#b@db/shop', 'postgres://u:a/b@db/shop');
    expectNone(
      redisUrl,
      ...OTHER_KINDS,
      'postgres://db',
      'redis://',
      'redis://cache/cart',
      'redis://cache#1',
    );
  });

  test('a list of Postgres: YAML, text with commas, a secret file with a line each', () => {
    const urls = ['postgres://a/shop', 'postgres://b/shop'];
    expect(postgresUrls.parse(urls)).toEqual(urls);
    expect(postgresUrls.parse(urls.join(', '))).toEqual(urls);
    expect(postgresUrls.parse(urls.join('\r\n'))).toEqual(urls);
    expect(postgresUrls.parse('postgres://a')).toEqual(['postgres://a']);
    expect(postgresUrls.parse([])).toEqual([]);
    expectNone(postgresUrls, null, undefined, {}, 5, ['x'], ['postgres://a', 'x'], 'postgres://a,', ',');
    expect(postgresUrls.hint?.('postgres://a, mysql://hunter2')).toBe(
      'entry 2: it must begin with postgres:// or postgresql://',
    );
  });

  test('no hint repeats any of a secret', () => {
    for (const prefix of ['', 'postgres://', 'redis://', 'postgres://u:']) {
      for (const suffix of ['', '#@x', ' @x', '\n']) {
        const secret = `${prefix}hunter2${suffix}`;
        expect(postgresUrl.hint?.(secret)).not.toContain('hunter2');
        expect(postgresUrls.hint?.(secret) ?? '').not.toContain('hunter2');
        expect(redisUrl.hint?.(secret)).not.toContain('hunter2');
      }
    }
  });
});

function isPlainNumber(text: string): boolean {
  return /^(0|[1-9][0-9]*)$/.test(text) && BigInt(text) <= 1_000_000n;
}
