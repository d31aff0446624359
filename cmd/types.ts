import { writeFileSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { getSystemErrorMessage } from 'node:util';
import { loadRules } from '../src/config/load-rules.ts';
import { loadSetupSettings } from '../src/config/load-settings.ts';
import { readTextFile } from '../src/config/read-text-file.ts';
import { ConfigError, type Problem } from '../src/domain/errors.ts';
import type { Rule } from '../src/domain/rule.ts';
import { formatTableName } from '../src/domain/table.ts';
import { type ColumnOf, renderKeys } from '../src/keys/render-keys.ts';
import { QueryPool } from '../src/pipeline/capture/query-pool.ts';
import { type RuledTable, readRuledTables } from '../src/preflight/facts/ruled-table.ts';
import { suggestName } from '../src/suggest/nearest-name.ts';
import { FATAL_EXIT_CODES } from './exit-codes.ts';

export interface TypesOptions {
  readonly configFile?: string | undefined;
  readonly rules?: readonly string[];
  /** The file to write; standard output without it. */
  readonly out?: string;
  /** Compare instead of write. */
  readonly check: boolean;
}

/**
 * `freshet types`: typed key builders for the application. With `postgres.url` the parameters have the types of the
 * columns, without they are strings.
 * @returns 0, or 3 where `check` finds that the file is stale
 * @throws ConfigError, RetryableError where the server that is named cannot be asked
 */
export async function types(
  { configFile, rules: paths, out, check }: TypesOptions,
  output: Pick<Writable, 'write'>,
): Promise<number> {
  if (check && out === undefined) {
    throw new ConfigError([{ where: '--check', message: 'needs --out', remedy: 'name the file to compare' }]);
  }
  const settings = loadSetupSettings({ configFile, env: process.env, overrides: { rules: paths } }, false);
  const rules = loadRules(settings.rules);
  const { url } = settings.postgres;
  const source = renderKeys(rules, url === undefined ? () => undefined : await columnsFrom(url, rules));
  if (out === undefined) {
    output.write(source);
    return 0;
  }
  const known = readTextFile(out);
  const isCurrent = known.kind === 'text' && known.text === source;
  if (check) {
    const told = isCurrent
      ? 'is up to date'
      : 'is not what the rules and the catalog give now: run freshet types';
    output.write(`${out} ${told}\n`);
    return isCurrent ? 0 : FATAL_EXIT_CODES.PREFLIGHT_FAILED;
  }
  if (!isCurrent) write(out, source);
  output.write(`${out} ${isCurrent ? 'was up to date' : 'written'}\n`);
  return 0;
}

function write(out: string, source: string): void {
  try {
    writeFileSync(out, source);
  } catch (error) {
    const errno = error instanceof Error && 'errno' in error ? error.errno : undefined;
    if (typeof errno !== 'number') throw error;
    const message = `${out} cannot be written: ${getSystemErrorMessage(errno)}`;
    throw new ConfigError([{ where: '--out', message }], { cause: error });
  }
}

/** @throws ConfigError for tables and columns that the catalog has not */
async function columnsFrom(url: string, rules: readonly Rule[]): Promise<ColumnOf> {
  await using pool = new QueryPool(url);
  const tables = await readRuledTables(pool.query, rules);
  const problems = tables.flatMap(findMissing);
  if (problems.length > 0) throw new ConfigError(problems);
  return (rule, column) =>
    tables.find((table) => table.rules.includes(rule))?.relation?.columns.find(({ name }) => name === column);
}

function findMissing({ rules, relation, name }: RuledTable): readonly Problem[] {
  return rules.flatMap((rule): readonly Problem[] => {
    const { where } = rule;
    if (relation === undefined) return [{ where, message: `there is no table ${formatTableName(name)}` }];
    const columns = relation.columns.map((column) => column.name);
    return [...new Set(rule.keys.flatMap((key) => key.columns))]
      .filter((column) => !columns.includes(column))
      .map((column) => ({
        where,
        message: `${formatTableName(name)} has no column ${column}`,
        remedy: suggestName(column, columns),
      }));
  });
}
