import { describe, expect, test } from 'vitest';
import { parseRules } from '../../../src/config/load-rules.ts';
import type { Rule } from '../../../src/domain/rule.ts';
import { problemsOf } from './problems-of.ts';

function ruleOf(spec: string): Rule {
  const [rule] = parseRules(document(spec), 'rules.yaml');
  if (rule === undefined) throw new Error('no rule was parsed');
  return rule;
}

/** The first line of the spec is the fifth. */
function document(spec: string): string {
  return `apiVersion: freshet.dev/v1\nkind: CacheRule\nmetadata: {name: product}\nspec:\n${spec}\n`;
}

/** Where a character of the condition stands. */
function placeOf(when: string, character: string): string {
  const rule = ruleOf(`  table: a.b\n  keys: ['x:\${id}']\n  when: ${when}`);
  if (rule.when === undefined) throw new Error('no condition was parsed');
  return rule.at(rule.when, rule.when.source.indexOf(character)).replace('rules.yaml:', '');
}

describe('where a part of a rule stands', () => {
  test.each([
    ["changed('a') || row.z == 1", '7:29'],
    [`"changed('a') || row.z == 1"`, '7:30'],
    ["|\n    changed('a') ||\n      row.z == 1", '9:11'],
    ["|- # why\n\n    changed('a') ||\n    row.z == 1", '10:9'],
    ["|2-\n      changed('a') ||\n    row.z == 1", '9:9'],
    ["|\n    changed('a')\n    || row.z == 1\n\n  massChange: {over: 5, then: purge}", '9:12'],
    [">-\n    changed('a') ||\n    row.z == 1", '9:9'],
    [">\n    changed('a')\n\n    ||   row.z == 1\n\n", '10:14'],
    ["changed('a') ||\n    row.z == 1", '8:9'],
    [`"changed('a') ||\n    row.z == 1"`, '8:9'],
    ['\'changed("a") ||\n    row.z == 1\'', '8:9'],
    // An escape moves what is behind it.
    [`"changed('\\x61') || row.z == 1"`, '7:9'],
  ])('in %j', (when, place) => {
    expect(placeOf(when, 'z')).toBe(place);
  });

  test('a fault in a block is told at its line', () => {
    const spec = "  table: a.b\n  keys: ['x:${id}']\n  when: |\n    changed('a') ||\n    row.z = 1";
    expect(problemsOf(() => parseRules(document(spec), 'rules.yaml'))).toMatch(
      /^rules\.yaml:9:11: spec\.when: /,
    );
  });

  test('each column where it is named first', () => {
    const rule = ruleOf(`  table: a.b
  keys:
    - x:\${id}
    - 'y:$\${slug}:\${ Slug |lower}'
    - each: SELECT n FROM c WHERE o = \${owner}
      key: n:\${n}
  when: row.only == 1`);
    const places = ['id', 'slug', 'owner', 'only', 'none'].map((column) => rule.columnAt(column));
    expect(places.map((place) => place.replace('rules.yaml:', ''))).toEqual([
      '7:9',
      '8:19',
      '9:39',
      '11:9',
      '1:1',
    ]);
    const written = ruleOf("  table: a.b\n  keys: ['x:${id}']\n  hash: {ttl: 1h, columns: [id, titel]}");
    expect(written.columnAt('titel')).toBe('rules.yaml:7:33');
  });
});
