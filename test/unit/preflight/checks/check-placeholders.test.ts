import { describe, expect, test } from 'vitest';
import type { Rule } from '../../../../src/domain/rule.ts';
import { checkPlaceholders } from '../../../../src/preflight/checks/check-placeholders.ts';
import { ruleOn } from '../../pipeline/rule-on.ts';
import { rule, ruled } from '../facts.ts';

function codes(checked: Rule): readonly string[] {
  return checkPlaceholders([ruled([checked])]).map(({ severity, code }) => `${severity} ${code}`);
}

function noted(
  action: Readonly<Record<string, unknown>>,
  key: string | object = 'homepage',
): readonly string[] {
  return codes(ruleOn('public.posts', [key], action));
}

describe('checkPlaceholders', () => {
  test.each([
    ['post:$id', '$id'],
    ['post:{id}', '{id}'],
    ['post:{{id}}', '{{id}}'],
    ['post:{{ id }}:x', '{{ id }}'],
    ['post:%{id}', '%{id}'],
    ['post:{$id}', '$id'],
    ['post:${slug}:{ID}', '{ID}'],
    ['{post:${slug}}:$id', '$id'],
  ])('warns of %s', (key, text) => {
    const [finding, ...more] = checkPlaceholders([ruled([rule([key])])]);
    expect(finding).toMatchObject({ code: 'PLACEHOLDER_AS_TEXT', severity: 'warning', subject: 'rule post' });
    expect(finding?.message).toContain(
      `in ${key}, ${text} is plain text, the same for every row; write \${id}`,
    );
    expect(finding?.message).toContain(`(rules.yaml:6:${11 + key.indexOf(text)})`);
    expect(more).toEqual([]);
  });

  test.each([
    'post:${id}',
    '{post:${id}}:card',
    '{${id}}:card',
    'post:${"id"}',
    'price:$${id}',
    'price:$$id',
    'post:$identity:{ids}:{{ident}}:${id}',
    'post:{nonsense}:${id}',
    'post:{user:id}:${id}',
  ])('is content with %s', (key) => {
    expect(codes(rule([key]))).toEqual([]);
  });

  test('reads the keys of fan-outs and the templates of values too', () => {
    const found = { each: 'SELECT 1 AS id WHERE ${id} = 1', key: 'like:{id}' };
    expect(codes(ruleOn('public.posts', [found]))).toEqual(['warning PLACEHOLDER_AS_TEXT']);
    const value = { set: { ttl: '1h', template: '{"slug": "{slug}", "id": ${id}}' } };
    expect(codes(ruleOn('public.posts', ['post:${id}'], value))).toEqual(['warning PLACEHOLDER_AS_TEXT']);
  });

  test('notes a key that all rows share where each has something of its own', () => {
    const ttl = '1h';
    const note = ['info KEY_WITHOUT_COLUMN'];
    expect(noted({ set: { ttl } })).toEqual(note);
    expect(noted({ hash: { ttl } })).toEqual(note);
    expect(noted({ refresh: { ttl, query: 'SELECT * FROM posts WHERE id = ${id}' } })).toEqual(note);
    expect(noted({}, 'post:id')).toEqual(note);
    expect(noted({}, { each: 'SELECT 1 AS n WHERE ${id} = 1', key: 'likes' })).toEqual(note);
    expect(noted({})).toEqual([]);
    expect(noted({ stale: { serveFor: '30s' } })).toEqual([]);
    expect(noted({ refresh: { ttl, query: 'SELECT * FROM posts LIMIT 10' } })).toEqual([]);
    expect(noted({ counter: { ttl, count: {} } })).toEqual([]);
    expect(noted({ sortedSet: { ttl, member: '${id}', score: 'id' } })).toEqual([]);
    expect(noted({ purgePattern: {} }, 'shop:*')).toEqual([]);
  });
});
