import { describe, expect, test } from 'vitest';
import { parseRules } from '../../../../src/config/load-rules.ts';
import type { Finding } from '../../../../src/domain/finding.ts';
import type { Rule } from '../../../../src/domain/rule.ts';
import { checkConditions } from '../../../../src/preflight/checks/check-conditions.ts';
import { checkIdentity } from '../../../../src/preflight/checks/check-identity.ts';
import type { RelationFacts } from '../../../../src/preflight/facts/relation-facts.ts';
import { column, ruled } from '../facts.ts';

const GENERATED = { version: 170_000, published: false };
const FULL = { identity: 'full', identityColumns: ['id', 'tenant', 'slug'] } as const;

/** A rule on posts (id int8, tenant text, slug text), its condition in the last line. */
function ruleWhen(when: string, on = '[insert, update, delete, truncate]'): Rule {
  const text = `apiVersion: freshet.dev/v1
kind: CacheRule
metadata: {name: post}
spec:
  table: public.posts
  keys: ['post:\${id}']
  on: ${on}
  when: ${when}`;
  const [rule] = parseRules(text, 'rules.yaml');
  if (rule === undefined) throw new Error('no rule was parsed');
  return rule;
}

function findings(rule: Rule, facts: Partial<RelationFacts> = FULL): readonly Finding[] {
  return checkConditions([ruled([rule], facts)], GENERATED);
}

describe('checkConditions', () => {
  test('accepts what fits and can be decided', () => {
    expect(findings(ruleWhen(`changed('slug') || row.id > 5 && old.id > 5`))).toEqual([]);
  });

  test('reports each misfit with its line and column', () => {
    const [missing, mistyped, ...more] = findings(ruleWhen(`row.slugg == old.slug || row.id == 'a'`));
    expect(missing).toMatchObject({ code: 'CONDITION_INVALID', severity: 'error', subject: 'rule post' });
    expect(missing?.message).toMatch(/^when: no column slugg \(rules\.yaml:8:\d+\)$/);
    expect(missing?.remedy).toContain('slug');
    expect(mistyped).toMatchObject({ code: 'CONDITION_INVALID' });
    expect(mistyped?.message).toMatch(/\(rules\.yaml:8:\d{2}\)$/);
    expect(more).toEqual([]);
  });

  test('refuses what the kinds of change or the name of the table make impossible', () => {
    const messages = (when: string, on: string, facts: Partial<RelationFacts> = FULL): readonly string[] =>
      findings(ruleWhen(when, on), facts).map(({ code, message }) => `${code} ${message}`);
    expect(messages(`op == 'update'`, '[insert]')).toEqual([
      'CONDITION_INVALID when: the condition can never hold for insert (rules.yaml:8:12)',
    ]);
    expect(messages(`op == 'update' && old.slug == 'a'`, '[insert, update]')).toEqual([]);
    expect(messages(`table == 'shop.posts'`, '[insert]')).toEqual([
      `CONDITION_INVALID when: table can never equal 'shop.posts' (rules.yaml:8:18)`,
    ]);
    expect(messages(`table == 'public.posts'`, '[insert]')).toEqual([]);
    expect(messages(`table == 'public.posts_2027'`, '[insert]', { ...FULL, kind: 'p' })).toEqual([]);
  });

  test('points into a condition in quotes', () => {
    expect(findings(ruleWhen(`"changed('nope')"`))[0]?.message).toContain('rules.yaml:8:10');
  });

  test('warns of a condition that the delete of a row cannot decide', () => {
    const rule = ruleWhen(`row.tenant == 'a'`, '[insert, delete]');
    const [finding, ...more] = findings(rule, {});
    expect(finding).toMatchObject({ code: 'CONDITION_UNDECIDED', severity: 'warning' });
    expect(finding?.message).toContain('a DELETE does not tell tenant');
    expect(finding?.remedy).toContain('(id, tenant)');
    expect(more).toEqual([]);
    expect(findings(ruleWhen(`row.tenant == 'a'`, '[insert]'), {})).toEqual([]);
  });

  test('what an update needs of the old row is an error of the identity, and not told twice', () => {
    const rule = ruleWhen(`changed('slug')`);
    expect(findings(rule, {})).toEqual([]);
    const [finding] = checkIdentity([ruled([rule])], GENERATED);
    expect(finding).toMatchObject({ code: 'IDENTITY_LACKS_COLUMN', severity: 'error' });
    expect(finding?.remedy).toContain('(id, slug)');
    expect(checkIdentity([ruled([ruleWhen(`changed('slug')`, '[insert, delete]')])], GENERATED)).toEqual([]);
  });

  test('warns of a state that rows could leave unseen', () => {
    const [finding] = findings(ruleWhen(`row.slug == 'published'`));
    expect(finding).toMatchObject({ code: 'CONDITION_FORGETS', severity: 'warning' });
    expect(finding?.message).toContain('old.slug');
    expect(findings(ruleWhen(`row.slug == 'published'`, '[insert, delete]'))).toEqual([]);
    expect(findings(ruleWhen(`row.slug == 'a' || old.slug == 'a'`))).toEqual([]);
    expect(findings(ruleWhen(`op == 'insert'`))).toEqual([]);
  });

  test('advises nothing about a column that does not exist, or is not sent', () => {
    const codes = (when: string, facts: Partial<RelationFacts> = {}): readonly string[] =>
      findings(ruleWhen(when), facts).map(({ code }) => code);
    expect(codes(`row.slgu == 'published'`)).toEqual(['CONDITION_INVALID']);
    const [, undecided] = findings(ruleWhen(`row.slgu == 'a' && row.tenant == 'a'`, '[insert, delete]'), {});
    expect(undecided).toMatchObject({ code: 'CONDITION_UNDECIDED' });
    expect(undecided?.remedy).not.toContain('slgu');
    const columns = [column('id'), column('tenant', 'text'), column('slug', 'text', { generated: 'stored' })];
    // COLUMN_GENERATED says it.
    expect(codes(`row.slug == 'published'`, { columns })).toEqual([]);
    const published = { version: 180_000, published: true };
    const table = ruled([ruleWhen(`row.slug == 'published'`)], { columns });
    expect(checkConditions([table], published).map(({ code }) => code)).toEqual([
      'CONDITION_UNDECIDED',
      'CONDITION_FORGETS',
    ]);
  });

  test('is silent about a table that does not exist', () => {
    const rule = ruleWhen(`changed('slug')`);
    const table = { name: rule.table, rules: [rule], relation: undefined, leaves: [] };
    expect(checkConditions([table], GENERATED)).toEqual([]);
  });
});
