import { describe, expect, test } from 'vitest';
import { checkSharedKeys } from '../../../../src/preflight/checks/check-shared-keys.ts';
import { rule, ruled } from '../facts.ts';

const ALL = 'insert, update, delete, truncate';
const SET = 'set: {ttl: 1h}';
const HASH = 'hash: {ttl: 1h}';
const REFRESH = 'refresh: {query: SELECT 1, ttl: 1h}';
const DELETE = 'delete: {}';
const STALE = 'stale: {serveFor: 30s}';

function found(...actions: readonly (readonly [key: string, action: string])[]): readonly string[] {
  const rules = actions.map(([key, action], index) => rule([key], ALL, `rule-${index}`, action));
  return checkSharedKeys([ruled(rules)]).map(({ severity, code }) => `${severity} ${code}`);
}

describe('checkSharedKeys', () => {
  test.each([
    [SET, HASH],
    [SET, DELETE],
    [HASH, DELETE],
    [SET, SET],
    [SET, STALE],
    [REFRESH, STALE],
    [REFRESH, 'refresh: {query: SELECT 1, ttl: 1h, format: freshet}'],
  ])('warns of %s and %s for the same keys', (one, other) => {
    expect(found(['post:${id}', one], ['post:${id}', other])).toEqual(['warning KEY_OF_TWO_RULES']);
    expect(found(['post:${id}', other], ['post:${slug}', one])).toEqual(['warning KEY_OF_TWO_RULES']);
  });

  test.each([
    [DELETE, DELETE],
    [DELETE, STALE],
    [STALE, 'stale: {serveFor: 1m}'],
    [HASH, HASH],
    [REFRESH, REFRESH],
    [SET, 'publish: {channel: c}'],
    [SET, 'purgeTag: {}'],
    [SET, 'purgePattern: {}'],
  ])('lets %s and %s be', (one, other) => {
    expect(found(['post:${id}', one], ['post:${id}', other])).toEqual([]);
  });

  test('lets different keys be, and those of one rule', () => {
    expect(found(['post:${id}', SET], ['list:${id}', HASH])).toEqual([]);
    expect(checkSharedKeys([ruled([rule(['x:${id}', 'x:${slug}'], ALL, 'post', SET)])])).toEqual([]);
  });

  test('names both rules and the keys', () => {
    const rules = [rule(['p:${id}'], ALL, 'writer', SET), rule(['p:${slug}'], ALL, 'deleter', DELETE)];
    expect(checkSharedKeys([ruled(rules)])).toMatchObject([
      {
        subject: 'rule writer',
        message: expect.stringMatching(/action set for p:\$\{id\}, and rule deleter delete.*rules\.yaml:1:1/),
      },
    ]);
  });
});
