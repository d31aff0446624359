import { describe, expect, test } from 'vitest';
import { checkTables } from '../../../../src/preflight/checks/check-tables.ts';
import type { RelationFacts } from '../../../../src/preflight/facts/relation-facts.ts';
import { relation, rule, ruled } from '../facts.ts';

const RULES = [rule(['post:${id}'])];

/** Codes of the findings about a rule with this action on a materialized view. */
function ofView(action: string): readonly string[] {
  const viewed = rule(['post:${id}'], 'insert, update, delete, truncate', 'post', action);
  return checkTables([ruled([viewed], { kind: 'm' })], []).map(({ code }) => code);
}

describe('checkTables', () => {
  test('accepts an ordinary and a partitioned table', () => {
    expect(checkTables([ruled(RULES), ruled(RULES, { kind: 'p' })], [])).toEqual([]);
  });

  test.each<[string, Partial<RelationFacts>]>([
    ['error TABLE_KIND', { kind: 'v' }],
    ['info TABLE_IS_MATVIEW', { kind: 'm' }],
    ['error TABLE_KIND', { kind: 'f' }],
    ['error TABLE_TEMPORARY', { persistence: 't' }],
    ['error TABLE_UNLOGGED', { persistence: 'u' }],
    ['error TABLE_IS_PARTITION', { root: { schema: 'public', name: 'all_posts' } }],
    ['warning TABLE_HAS_CHILDREN', { hasChildren: true }],
  ])('%s', (expected, facts) => {
    const findings = checkTables([ruled(RULES, facts)], []);
    expect(findings.map(({ severity, code }) => `${severity} ${code}`)).toEqual([expected]);
  });

  test('refuses an action that writes rows where there are none', () => {
    for (const action of [
      'set: {ttl: 1h}',
      'refresh: {query: SELECT 1, ttl: 1h}',
      'counter: {count: {}, ttl: 1h}',
    ])
      expect(ofView(action)).toEqual(['TABLE_IS_MATVIEW', 'ACTION_WITHOUT_ROWS']);
    for (const action of ['stale: {serveFor: 30s}', 'publish: {channel: c}', 'purgePattern: {}'])
      expect(ofView(action)).toEqual(['TABLE_IS_MATVIEW']);
  });

  test('finds the one partition that is unlogged or on another server', () => {
    const root = relation({ kind: 'p' });
    const leaves = [relation({ name: 'posts_1' }), relation({ name: 'posts_2', persistence: 'u' })];
    const table = { ...ruled(RULES), relation: root };
    expect(checkTables([{ ...table, leaves }], [])).toMatchObject([
      { code: 'TABLE_UNLOGGED', remedy: expect.stringMatching('ALTER TABLE public.posts_2 SET LOGGED;') },
    ]);
    expect(checkTables([{ ...table, leaves: [relation({ kind: 'f' })] }], [])).toMatchObject([
      { code: 'TABLE_FOREIGN_PARTITION' },
    ]);
  });

  test.each([
    [{ schema: 'blog', name: 'posts' }, 'blog.posts'],
    [{ schema: 'public', name: 'Posts' }, 'public."Posts"'],
    [{ schema: 'public', name: 'post' }, 'public.post'],
  ])('suggests %o for a table that does not exist', (near, shown) => {
    const missing = { ...ruled(RULES), relation: undefined, leaves: [] };
    const [finding] = checkTables([missing], [{ schema: 'public', name: 'orders' }, near]);
    expect(finding?.message).toContain(`did you mean ${shown}?`);
  });
});
