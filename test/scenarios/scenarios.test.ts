import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Effect, Skip } from '../../src/domain/effect.ts';
import type { Rule } from '../../src/domain/rule.ts';
import { RuleMatcher } from '../../src/pipeline/match/rule-matcher.ts';
import { KeyPlanner } from '../../src/pipeline/plan/key-planner.ts';
import { type Case, type ExpectedEffect, readScenario } from './scenario.ts';

const FOLDER = new URL('.', import.meta.url);
const files = readdirSync(FOLDER).filter((name) => name.endsWith('.yaml'));

describe.each(files)('%s', (file) => {
  const { rules, cases } = readScenario(new URL(file, FOLDER));

  test.each(cases.map((each) => [each.it, each] as const))('%s', (_it, each) => {
    const planned = plan(rules, each).map(describeEffect);
    expect(distinct(planned, each.effects)).toEqual(each.effects);
  });
});

test('there are scenarios', () => {
  expect(files.length).toBeGreaterThan(10);
});

function plan(rules: readonly Rule[], { change, root }: Case): readonly (Effect | Skip)[] {
  const planned: (Effect | Skip)[] = [];
  const matcher = new RuleMatcher(rules);
  const planner = new KeyPlanner();
  matcher.bind(change.table, root);
  for (const rule of matcher.match(change.table, change.kind)) {
    planner.plan(change, rule, (one) => planned.push(one));
  }
  return planned;
}

function describeEffect(one: Effect | Skip): ExpectedEffect & { rule: string } {
  const { rule, template, pattern } = one.origin;
  switch (one.kind) {
    case 'delete':
      return { delete: one.key, rule };
    case 'purge':
      return { purge: pattern, rule };
    case 'skip':
      return { skip: template, rule };
  }
}

/** As a batch would have them, each once; with the rule only where the file names it. */
function distinct(
  planned: readonly ExpectedEffect[],
  expected: readonly ExpectedEffect[],
): readonly ExpectedEffect[] {
  const byText = new Map<string, ExpectedEffect>();
  for (const { rule, ...effect } of planned) {
    const key = JSON.stringify(effect);
    const namesRule = expected[byText.size]?.rule !== undefined;
    if (!byText.has(key)) byText.set(key, namesRule && rule !== undefined ? { ...effect, rule } : effect);
  }
  return [...byText.values()];
}
