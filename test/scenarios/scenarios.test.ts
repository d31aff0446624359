import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readFixture } from '../../src/config/read-fixture.ts';
import { describeEffect } from '../../src/explain/describe-effect.ts';
import { runFixture } from '../../src/fixtures/run-fixture.ts';

/**
 * The rule language by example. A scenario is what `freshet test` runs, with the rules in the same file; its notation
 * stands in src/config/fixture-schema.ts.
 */
const FOLDER = new URL('.', import.meta.url);
const files = readdirSync(FOLDER).filter((name) => name.endsWith('.yaml'));

describe.each(files)('%s', (file) => {
  const { rules, fixtures } = readFixture(readFileSync(new URL(file, FOLDER), 'utf8'), file);
  const results = fixtures.flatMap((fixture) => runFixture(fixture, rules));

  test.each(results.map((result) => [result.it, result] as const))('%s', (_it, { comparison, notes }) => {
    const lines = (outcome: string) =>
      comparison.filter((each) => each.outcome !== outcome).map(({ effect }) => describeEffect(effect));
    expect(lines('missing')).toEqual(lines('unexpected'));
    expect(notes).toEqual([]);
  });
});

test('there are scenarios', () => {
  expect(files.length).toBeGreaterThan(10);
});
