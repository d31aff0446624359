import { styleText } from 'node:util';
import { loadFixture } from '../src/config/load-fixture.ts';
import { loadFixturePaths } from '../src/config/load-settings.ts';
import { ConfigError, type Problem } from '../src/domain/errors.ts';
import { writeEffect } from '../src/explain/write-effect.ts';
import { type FileResult, formatResults } from '../src/fixtures/format-results.ts';
import { type CaseResult, runFixture } from '../src/fixtures/run-fixture.ts';
import { FATAL_EXIT_CODES } from './exit-codes.ts';

export interface TestOptions {
  readonly configFile?: string | undefined;
  /** Rule files, fixture files, folders or globs, instead of those in the settings. */
  readonly paths: readonly string[];
  readonly output: 'text' | 'json';
}

const REMEDY = 'write product.test.yaml beside product.yaml: `changes:` and a list of rows in, effects out';

/**
 * `freshet test`: runs the fixture files beside the rules, without any server.
 * @returns 0, or 3 where a case has failed
 * @throws ConfigError, also where there is no fixture at all
 */
export function test({ configFile, paths, output: format }: TestOptions, output: NodeJS.WriteStream): number {
  const overrides = paths.length === 0 ? {} : { rules: paths };
  const files = loadFixturePaths({ configFile, env: process.env, overrides });
  if (files.length === 0) {
    const where = paths.join(', ') || (configFile ?? 'rules');
    throw new ConfigError([
      { where, message: 'no *.test.yaml among the rules or beside them', remedy: REMEDY },
    ]);
  }
  const results = runAll(files);
  const ok = results.every(({ cases }) => cases.every(({ passed }) => passed));
  output.write(
    format === 'json'
      ? `${JSON.stringify({ ok, files: results.map(toJson) }, null, 2)}\n`
      : formatResults(results, (look, text) => styleText(look, text, { stream: output })),
  );
  return ok ? 0 : FATAL_EXIT_CODES.PREFLIGHT_FAILED;
}

/** What is wrong with one file keeps nobody from learning about the others. */
function runAll(files: readonly string[]): readonly FileResult[] {
  const problems: Problem[] = [];
  const collect = <T>(run: () => readonly T[]): readonly T[] => {
    try {
      return run();
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      problems.push(...error.problems);
      return [];
    }
  };
  const results = files.flatMap((path) =>
    collect((): readonly FileResult[] => {
      const { file, fixtures, rules } = loadFixture(path);
      return [{ file, cases: fixtures.flatMap((fixture) => collect(() => runFixture(fixture, rules))) }];
    }),
  );
  if (problems.length > 0) throw new ConfigError(problems);
  return results;
}

function toJson({ file, cases }: FileResult): object {
  return { file, cases: cases.map(caseToJson) };
}

function caseToJson({ it, where, passed, comparison, notes }: CaseResult): object {
  const effects = comparison.map(({ outcome, effect }) => ({
    outcome,
    ...writeEffect(effect),
    ...('rules' in effect ? { rules: effect.rules } : {}),
  }));
  return { it, where, passed, effects, notes };
}
