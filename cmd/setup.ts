import type { Writable } from 'node:stream';
import type { FlagValues } from '../src/config/flag-layer.ts';
import { loadRules } from '../src/config/load-rules.ts';
import { loadSetupSettings, type SetupSettings } from '../src/config/load-settings.ts';
import type { Settings } from '../src/config/settings.ts';
import { FatalError, RetryableError } from '../src/domain/errors.ts';
import type { Query } from '../src/domain/query.ts';
import type { Rule } from '../src/domain/rule.ts';
import { formatTableName } from '../src/domain/table.ts';
import { INSTALL_DDL_CAPTURE_SQL } from '../src/migrations/ddl-capture-sql.ts';
import { QueryPool } from '../src/pipeline/capture/query-pool.ts';
import { formatFindings } from '../src/preflight/format-findings.ts';
import { readPostgresFacts } from '../src/preflight/postgres-facts.ts';
import { setUp } from '../src/preflight/set-up.ts';
import { blindSetupScript, setupScript } from '../src/preflight/setup-script.ts';
import { FATAL_EXIT_CODES } from './exit-codes.ts';

export interface SetupCommandOptions {
  readonly configFile?: string | undefined;
  /** Flags that override settings. */
  readonly overrides?: FlagValues;
  readonly printSql: boolean;
  /** Also the event triggers that report migrations in the stream. */
  readonly ddl: boolean;
}

type Output = Pick<Writable, 'write'>;

/**
 * `freshet setup`: creates the publication, then the slot, or prints the SQL that would.
 * @returns 0, or 3 where it refused because of an error that it cannot mend itself
 * @throws ConfigError, RetryableError, FatalError DENIED with the SQL for someone who may
 */
export async function setup(
  { configFile, overrides = {}, printSql, ddl }: SetupCommandOptions,
  output: Output,
): Promise<number> {
  const settings = loadSetupSettings({ configFile, env: process.env, overrides }, !printSql);
  const rules = loadRules(settings.rules);
  const { url } = settings.postgres;
  if (printSql) {
    output.write(await scriptFor(rules, settings));
    if (ddl)
      output.write(
        `\n-- Event triggers that report migrations: as a superuser.\nBEGIN;\n${INSTALL_DDL_CAPTURE_SQL}COMMIT;\n`,
      );
    return 0;
  }
  if (url === undefined) throw new Error('the URL was required when the settings were loaded');
  return create(rules, { ...settings.postgres, url }, ddl, output);
}

async function create(
  rules: readonly Rule[],
  postgres: Settings['postgres'],
  ddl: boolean,
  output: Output,
): Promise<number> {
  await using pool = new QueryPool(postgres.url);
  const { query, patientQuery } = pool;
  const report = (line: string): void => {
    output.write(`${line}\n`);
  };
  const outcome = await setUp({ rules, postgres, query, patientQuery, report });
  if (outcome.kind === 'refused') {
    const tables = new Set(rules.map(({ table }) => formatTableName(table))).size;
    output.write(formatFindings(outcome.findings, { rules: rules.length, tables }));
    output.write('nothing was created; mend the errors above and run `freshet setup` again\n');
    return FATAL_EXIT_CODES.PREFLIGHT_FAILED;
  }
  if (ddl) await installDdlCapture(patientQuery, report);
  if (outcome.steps.length === 0 && !ddl)
    report(`nothing to do: publication ${postgres.publication} and slot ${postgres.slot} are there`);
  return 0;
}

/** @throws FatalError DENIED with the SQL for someone who may */
async function installDdlCapture(query: Query, report: (line: string) => void): Promise<void> {
  try {
    await query(INSTALL_DDL_CAPTURE_SQL);
  } catch (error) {
    if (!(error instanceof FatalError) || error.code !== 'DENIED') throw error;
    throw new FatalError(
      'DENIED',
      'event triggers need a superuser (on Amazon RDS a member of rds_superuser)',
      `hand this to someone who may; without it migrations are noticed too, by a look at the catalog every few seconds:\nBEGIN;\n${INSTALL_DDL_CAPTURE_SQL}COMMIT;`,
      { cause: error },
    );
  }
  report('installed the event triggers that report migrations');
}

/** Asks the server what is missing where it can be asked, with no privilege but to connect. */
async function scriptFor(rules: readonly Rule[], { postgres }: SetupSettings): Promise<string> {
  const { url } = postgres;
  if (url === undefined) return blindSetupScript(rules, postgres);
  await using pool = new QueryPool(url);
  try {
    const facts = await readPostgresFacts(pool.query, rules, postgres);
    return setupScript(facts, { ...postgres, url });
  } catch (fault) {
    if (fault instanceof RetryableError) return blindSetupScript(rules, postgres);
    throw fault;
  }
}
