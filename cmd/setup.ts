import type { Writable } from 'node:stream';
import type { FlagValues } from '../src/config/flag-layer.ts';
import { loadRules } from '../src/config/load-rules.ts';
import { loadSetupSettings, type SetupSettings } from '../src/config/load-settings.ts';
import type { Settings } from '../src/config/settings.ts';
import { ConfigError, type Problem, RetryableError } from '../src/domain/errors.ts';
import type { Rule } from '../src/domain/rule.ts';
import { QueryPool } from '../src/pipeline/capture/query-pool.ts';
import { checkQueries } from '../src/preflight/checks/check-queries.ts';
import { readPostgresFacts } from '../src/preflight/facts/postgres-facts.ts';
import { formatFindings } from '../src/preflight/format-findings.ts';
import { LOCK_LIMITS } from '../src/preflight/setup/run-statement.ts';
import { setUp } from '../src/preflight/setup/set-up.ts';
import { blindSetupScript, setupScript } from '../src/preflight/setup/setup-script.ts';
import { DDL_CAPTURE_HANDOUT, installDdlCapture } from './ddl-capture.ts';
import { FATAL_EXIT_CODES } from './exit-codes.ts';
import { setupApply } from './setup-apply.ts';

export interface SetupCommandOptions {
  readonly configFile?: string | undefined;
  /** Flags that override settings. */
  readonly overrides?: FlagValues;
  readonly printSql: boolean;
  /** Also runs what mends the findings of `freshet check`, as far as it may. */
  readonly apply: boolean;
  /** Also the event triggers that report migrations in the stream. */
  readonly ddl: boolean;
  /** How `--apply` reports. */
  readonly output: 'text' | 'json';
}

type Output = Pick<Writable, 'write'>;

/**
 * `freshet setup`: creates the publication, then the slot, or prints the SQL that would; `--apply` mends the rest too.
 * @returns 0, or 3 where it refused because of an error that it cannot mend itself
 * @throws ConfigError, RetryableError, FatalError DENIED with the SQL for someone who may
 */
export async function setup(options: SetupCommandOptions, output: Output): Promise<number> {
  refuseContradictions(options);
  const { configFile, overrides = {}, printSql, apply, ddl, output: format } = options;
  const settings = loadSetupSettings({ configFile, env: process.env, overrides }, !printSql);
  const rules = loadRules(settings.rules);
  const { url } = settings.postgres;
  if (printSql) {
    output.write(await scriptFor(rules, settings));
    if (ddl) output.write(`\n${DDL_CAPTURE_HANDOUT}`);
    return 0;
  }
  if (url === undefined) throw new Error('the URL was required when the settings were loaded');
  const postgres = { ...settings.postgres, url };
  return apply ? setupApply({ rules, postgres, ddl, format }, output) : create(rules, postgres, ddl, output);
}

function refuseContradictions({ printSql, apply, output }: SetupCommandOptions): void {
  const problems: Problem[] = [];
  if (apply && printSql)
    problems.push({
      where: '--apply',
      message: 'contradicts --print-sql',
      remedy: 'print the SQL first, then leave --print-sql out to have it run',
    });
  if (output === 'json' && !apply)
    problems.push({
      where: '--output json',
      message: 'is the report of --apply alone',
      remedy: 'add --apply, or leave it out',
    });
  if (problems.length > 0) throw new ConfigError(problems);
}

async function create(
  rules: readonly Rule[],
  postgres: Settings['postgres'],
  ddl: boolean,
  output: Output,
): Promise<number> {
  await using pool = new QueryPool(postgres.url);
  const { query, lockingQuery, patientQuery } = pool;
  const report = (line: string): void => {
    output.write(`${line}\n`);
  };
  const outcome = await setUp({ rules, postgres, query, lockingQuery, limits: LOCK_LIMITS, report });
  if (outcome.kind === 'refused') {
    output.write(formatFindings(outcome.findings, rules));
    output.write(
      'nothing was created; mend the errors above and run `freshet setup` again, or `freshet setup --apply`, which also runs the SQL above where it may\n',
    );
    return FATAL_EXIT_CODES.PREFLIGHT_FAILED;
  }
  if (ddl) await installDdlCapture(patientQuery, report);
  if (outcome.plan.length === 0 && !ddl)
    report(`nothing to do: publication ${postgres.publication} and slot ${postgres.slot} are there`);
  return 0;
}

/** Asks the server what is missing where it can be asked, with no privilege but to connect. */
async function scriptFor(rules: readonly Rule[], { postgres }: SetupSettings): Promise<string> {
  const { url } = postgres;
  if (url === undefined) return blindSetupScript(rules, postgres);
  await using pool = new QueryPool(url);
  try {
    const facts = await readPostgresFacts(pool.query, rules, postgres);
    return setupScript(facts, postgres, await checkQueries(pool.query, facts.tables));
  } catch (fault) {
    if (fault instanceof RetryableError) return blindSetupScript(rules, postgres);
    throw fault;
  }
}
