import { readdirSync, readFileSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { explain } from '../../cmd/explain.ts';
import { readFixture } from '../../src/config/read-fixture.ts';
import { formatTableName } from '../../src/domain/table.ts';
import type { Fixture, FixtureCase } from '../../src/fixtures/fixture.ts';
import { runFixture } from '../../src/fixtures/run-fixture.ts';
import { TemporaryFolder } from '../unit/config/temporary-folder.ts';

/**
 * What `freshet explain -o json` prints for the rows of a scenario may be pasted as the effects of a fixture: they are
 * all that `freshet test` finds, and no others.
 */
const FOLDER = new URL('.', import.meta.url);

/**
 * `explain` sees two rows, and no catalog that tells types, missing columns, the replica identity or of which table one is a
 * partition.
 */
const NEEDS_CATALOG = new Set([
  'purges with an insert',
  'purges with an update',
  'purges the lists, one of which may have had the row before',
  'keeps digits that a double cannot hold',
  'escapes text, and writes numbers that are none as text',
]);

const scenarios = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.yaml'))
  .flatMap((file) => {
    const text = readFileSync(new URL(file, FOLDER), 'utf8');
    const { rules, fixtures } = readFixture(text, file);
    return fixtures.flatMap((fixture) =>
      fixture.cases.map((each) => ({ file, it: each.it, text, rules, fixture, each })),
    );
  });

const explainable = scenarios.filter(
  ({ fixture, each }) => !NEEDS_CATALOG.has(each.it) && !isOfPartition(each, fixture),
);

test('most scenarios can be explained without a catalog', () => {
  expect(explainable.length).toBeGreaterThan(90);
});

test.each(explainable)('$file: $it', ({ text, rules, fixture, each }) => {
  using folder = new TemporaryFolder({ 'rules.yaml': ruleDocuments(text) });
  const pasted = { ...each, effects: asEffects(explainCase(each, folder.file('rules.yaml'))) };
  // The other cases tell the types of columns.
  const cases = fixture.cases.map((one) => (one === each ? pasted : one));
  const [result] = runFixture({ ...fixture, cases }, rules).filter((_, index) => cases[index] === pasted);
  expect(result?.comparison.filter(({ outcome }) => outcome !== 'expected')).toEqual([]);
  expect(result?.passed).toBe(true);
});

function isOfPartition({ table }: FixtureCase, { tables }: Fixture): boolean {
  const name = formatTableName(table);
  return tables.some((one) => formatTableName(one.name) === name && one.partitionOf !== undefined);
}

function ruleDocuments(text: string): string {
  return text
    .split(/^---$/m)
    .filter((document) => document.includes('apiVersion:'))
    .join('---\n');
}

interface Explained {
  readonly rules: readonly { readonly effects: readonly object[] }[];
}

function explainCase(each: FixtureCase, rules: string): readonly object[] {
  const output = new PassThrough();
  const rows = {
    ...(each.new && { new: JSON.stringify(each.new) }),
    ...(each.old && { old: JSON.stringify(each.old) }),
    truncate: each.kind === 'truncate',
  };
  explain({ rules: [rules], table: formatTableName(each.table), ...rows, output: 'json' }, output);
  const explained: Explained = JSON.parse(String(output.read()));
  return explained.rules.flatMap(({ effects }) => effects);
}

/** As a fixture that holds the very text; JSON is YAML. */
function asEffects(effects: readonly object[]): FixtureCase['effects'] {
  const text = `changes: [{it: pasted, truncate: public.pasted, effects: ${JSON.stringify(effects)}}]`;
  return readFixture(text, 'pasted.test.yaml').fixtures.flatMap(({ cases }) =>
    cases.flatMap((each) => each.effects),
  );
}
