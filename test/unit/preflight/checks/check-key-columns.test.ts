import { describe, expect, test } from 'vitest';
import { checkKeyColumns } from '../../../../src/preflight/checks/check-key-columns.ts';
import type { ColumnFacts } from '../../../../src/preflight/facts/relation-facts.ts';
import { ruleOn } from '../../pipeline/rule-on.ts';
import { column, rule, ruled } from '../facts.ts';

function codes(key: string, columns: readonly ColumnFacts[], sendsGenerated = false): readonly string[] {
  const findings = checkKeyColumns([ruled([rule([key])], { columns })], sendsGenerated, 180_000);
  return findings.map(({ severity, code }) => `${severity} ${code}`);
}

describe('checkKeyColumns', () => {
  test('accepts plain columns', () => {
    expect(codes('post:${id}:${slug}', [column('id'), column('slug', 'text')])).toEqual([]);
  });

  test('names the column that was probably meant', () => {
    const [finding] = checkKeyColumns([ruled([rule(['post:${slgu}'])])], false, 170_000);
    expect(finding).toMatchObject({ code: 'COLUMN_MISSING', severity: 'error' });
    expect(finding?.message).toContain(
      'public.posts has no column slgu; did you mean slug? (rules.yaml:6:16)',
    );
  });

  test('refuses generated columns that the publication does not send', () => {
    const stored = [column('a', 'text', { generated: 'stored' })];
    const virtual = [column('a', 'text', { generated: 'virtual' })];
    expect(codes('post:${a}', stored)).toEqual(['error COLUMN_GENERATED']);
    expect(codes('post:${a}', stored, true)).toEqual([]);
    expect(codes('post:${a}', virtual, true)).toEqual(['error COLUMN_GENERATED']);
  });

  test('refuses a condition on one: it would count as true for every change', () => {
    const columns = [column('id'), column('total', 'numeric', { generated: 'stored' })];
    const asking = ruleOn('public.posts', ['post:${id}'], { when: 'row.total > 5' });
    const found = (sendsGenerated: boolean): readonly string[] =>
      checkKeyColumns([ruled([asking], { columns })], sendsGenerated, 180_000).map(({ code }) => code);
    expect(found(false)).toEqual(['COLUMN_GENERATED']);
    expect(found(true)).toEqual([]);
  });

  test('leaves it to the check of conditions to say what a condition alone misses', () => {
    const asking = ruleOn('public.posts', ['post:${id}'], { when: `changed('titel')` });
    expect(checkKeyColumns([ruled([asking])], false, 180_000)).toEqual([]);
    const both = ruleOn('public.posts', ['post:${titel}'], { when: `changed('titel')` });
    expect(checkKeyColumns([ruled([both])], false, 180_000)).toMatchObject([{ code: 'COLUMN_MISSING' }]);
  });

  test.each(['bool', 'float4', 'float8', 'money', 'json', 'jsonb', 'bytea', 'interval', 'bpchar'])(
    'warns that %s seldom reads as the application writes it',
    (type) => {
      expect(codes('post:${a}', [column('a', type)])).toEqual(['warning KEY_TEXT_FORM']);
    },
  );

  test('warns of arrays and composites, and notes timestamps', () => {
    expect(codes('post:${a}', [column('a', '_int4', { isArray: true })])).toEqual(['warning KEY_TEXT_FORM']);
    expect(codes('post:${a}', [column('a', 'pair', { typeKind: 'c' })])).toEqual(['warning KEY_TEXT_FORM']);
    expect(codes('post:${a}', [column('a', 'timestamptz')])).toEqual(['info KEY_TEXT_FORM']);
  });

  test('trim mends the padding of character(n), if every use has it', () => {
    expect(codes('post:${a|trim}', [column('a', 'bpchar')])).toEqual([]);
    expect(codes('post:${a|trim}:${a}', [column('a', 'bpchar')])).toEqual(['warning KEY_TEXT_FORM']);
  });

  test.each([
    ['set: {ttl: 1h, columns: [id, titel]}', 'titel', 'title'],
    ["set: {ttl: 1h, template: '${Slg}'}", 'slg', 'slug'],
    ['hash: {ttl: 1h, columns: [tennant]}', 'tennant', 'tenant'],
  ])('names the column that %s probably meant', (action, wrong, right) => {
    const columns = [column('id'), column('title', 'text'), column('slug', 'text'), column('tenant', 'text')];
    const all = 'insert, update, delete, truncate';
    const [finding, ...more] = checkKeyColumns(
      [ruled([rule(['post:${id}'], all, 'post', action)], { columns })],
      false,
      170_000,
    );
    expect(more).toEqual([]);
    expect(finding).toMatchObject({ code: 'COLUMN_MISSING', severity: 'error', subject: 'rule post' });
    expect(finding?.message).toContain(`has no column ${wrong}; did you mean ${right}?`);
  });

  test('refuses to write a generated column that is not sent, and minds neither type nor NULL of a value', () => {
    const columns = [
      column('id'),
      column('total', 'numeric', { generated: 'stored' }),
      column('price', 'float8', { notNull: false }),
    ];
    const all = 'insert, update, delete, truncate';
    const written = rule(['post:${id}'], all, 'post', 'hash: {ttl: 1h, columns: [total, price]}');
    const severities = (sendsGenerated: boolean): readonly string[] =>
      checkKeyColumns([ruled([written], { columns })], sendsGenerated, 180_000).map(({ code }) => code);
    expect(severities(false)).toEqual(['COLUMN_GENERATED']);
    expect(severities(true)).toEqual([]);
  });

  test('notes columns that may be NULL', () => {
    expect(codes('post:${a}', [column('a', 'text', { notNull: false })])).toEqual([
      'info KEY_COLUMN_NULLABLE',
    ]);
  });
});
