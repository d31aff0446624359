import { dirname } from 'node:path';
import { ConfigError } from '../domain/errors.ts';
import type { Rule } from '../domain/rule.ts';
import type { Fixture } from '../fixtures/fixture.ts';
import { expandRulePaths, rulesBeside } from './expand-rule-paths.ts';
import { loadRules, shortPath } from './load-rules.ts';
import { readFixture } from './read-fixture.ts';
import { readTextFile } from './read-text-file.ts';

export interface LoadedFixture {
  /** As messages name it. */
  readonly file: string;
  readonly rules: readonly Rule[];
  readonly fixtures: readonly Fixture[];
}

/**
 * Reads a fixture file and the rules that it tests: those in the file, else those of the files that it names, else those
 * of the rule file of its name, else all of its folder. So what it says does not hang on what else is tested.
 * @throws ConfigError with every problem
 */
export function loadFixture(path: string): LoadedFixture {
  const file = shortPath(path);
  const read = readTextFile(path);
  if (read.kind !== 'text')
    throw new ConfigError([{ where: file, message: `cannot be read: ${read.reason}` }]);
  const { fixtures, rules, rulePaths } = readFixture(read.text, file);
  return { file, fixtures, rules: rules.length > 0 ? rules : loadRules(ruleFiles(path, file, rulePaths)) };
}

function ruleFiles(path: string, file: string, rulePaths: readonly string[] | undefined): readonly string[] {
  const beside = rulesBeside(path);
  if (rulePaths === undefined && beside.length > 0) return beside;
  const entries = (rulePaths ?? ['.']).map((text) => ({ text, where: file }));
  const { files, problems } = expandRulePaths(entries, dirname(path));
  if (problems.length > 0) throw new ConfigError(problems);
  return files;
}
