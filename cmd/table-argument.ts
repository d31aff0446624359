import { ParseError } from '../src/config/parse-error.ts';
import { parseTableName } from '../src/config/parse-table-name.ts';
import { ConfigError } from '../src/domain/errors.ts';
import type { Rule } from '../src/domain/rule.ts';
import { formatTableName, type TableName } from '../src/domain/table.ts';
import { nearestName } from '../src/suggest/nearest-name.ts';

/** What `--table` names. @throws ConfigError */
export function readTable(text: string): TableName {
  try {
    return parseTableName(text);
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    const problem = { where: '--table', message: error.message };
    throw new ConfigError([error.remedy === undefined ? problem : { ...problem, remedy: error.remedy }]);
  }
}

/** The table of a rule that may have been meant. */
export function nearestTable(table: TableName, rules: readonly Rule[]): string | undefined {
  return nearestName(
    formatTableName(table),
    rules.map((rule) => formatTableName(rule.table)),
  );
}
