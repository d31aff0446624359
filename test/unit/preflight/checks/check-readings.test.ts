import { describe, expect, test } from 'vitest';
import type { Finding } from '../../../../src/domain/finding.ts';
import { checkReadings } from '../../../../src/preflight/checks/check-readings.ts';
import type { RelationFacts } from '../../../../src/preflight/facts/relation-facts.ts';
import { ruleOn } from '../../pipeline/rule-on.ts';
import { column, ruled } from '../facts.ts';

const COUNTER = { counter: { count: {}, ttl: '1h' } };

function findings(
  key: string,
  spec: Readonly<Record<string, unknown>>,
  facts: Partial<RelationFacts> = {},
): readonly Finding[] {
  return checkReadings([ruled([ruleOn('public.posts', [key], spec)], facts)]);
}

describe('what is read by the columns of a key', () => {
  test('wants an index that begins with them, in whatever order', () => {
    expect(findings('posts:${id}', COUNTER)).toEqual([]);
    const indexedColumns = [['id'], ['slug', 'tenant', 'id']];
    expect(findings('posts:${tenant}:${slug}', COUNTER, { indexedColumns })).toEqual([]);
    expect(findings('posts:${tenant}:${id}', COUNTER, { indexedColumns })).toMatchObject([
      {
        code: 'READS_WHOLE_TABLE',
        severity: 'info',
        subject: 'rule product',
        remedy: 'CREATE INDEX CONCURRENTLY ON public.posts (tenant, id);',
      },
    ]);
  });

  test('is the whole table for a key without columns, which no index helps', () => {
    const [finding] = findings('posts', COUNTER);
    expect(finding).toMatchObject({ code: 'READS_WHOLE_TABLE', severity: 'info' });
    expect(finding).not.toHaveProperty('remedy');
  });

  test('is so for a sorted set with always only, and no business of ours for refresh', () => {
    const sortedSet = { member: '${slug}', score: 'id', ttl: '1h' };
    expect(findings('posts:${tenant}', { sortedSet })).toEqual([]);
    expect(findings('posts:${tenant}', { sortedSet: { ...sortedSet, always: true } })).toHaveLength(1);
    const refresh = { query: 'SELECT 1', ttl: '1h' };
    expect(findings('posts:${tenant}', { refresh })).toEqual([]);
  });

  test('is not judged where a column is missing, which has a finding of its own', () => {
    expect(findings('posts:${gone}', COUNTER)).toEqual([]);
  });
});

test.each([
  ['text', {}],
  ['timestamptz', {}],
  ['int4', { isArray: true }],
])('a score of type %s %j is refused', (type, facts) => {
  const columns = [column('id'), column('score', type, facts)];
  const sortedSet = { member: '${id}', score: 'score', ttl: '1h' };
  expect(findings('posts:${id}', { sortedSet }, { columns })).toMatchObject([
    { code: 'SCORE_NOT_A_NUMBER', severity: 'error', message: expect.stringContaining('rules.yaml:1:1') },
  ]);
});
