import type { Writable } from 'node:stream';
import { styleText } from 'node:util';
import { loadRules } from '../src/config/load-rules.ts';
import { loadRuleFiles } from '../src/config/load-settings.ts';
import { ParseError } from '../src/config/parse-error.ts';
import { parseTableName } from '../src/config/parse-table-name.ts';
import type { ChangeKind } from '../src/domain/change.ts';
import { ConfigError } from '../src/domain/errors.ts';
import type { Rule } from '../src/domain/rule.ts';
import { formatTableName, type TableName } from '../src/domain/table.ts';
import { type Explanation, explainChange } from '../src/explain/explain-change.ts';
import { parseRow } from '../src/explain/parse-row.ts';
import { nearestName } from '../src/suggest/nearest-name.ts';
import { describeEffect, effectToJson } from './describe-effect.ts';

export interface ExplainOptions {
  readonly configFile?: string | undefined;
  readonly rules?: readonly string[];
  readonly table: string;
  readonly new?: string;
  readonly old?: string;
  readonly truncate?: boolean;
  readonly output: 'text' | 'json';
}

/** `freshet explain`: which rules match a change and which keys result, without any server. */
export function explain(options: ExplainOptions, output: Pick<Writable, 'write'>): number {
  const { configFile } = options;
  const files = loadRuleFiles({ configFile, env: process.env, overrides: { rules: options.rules } });
  const rules = loadRules(files);
  const table = tableOf(options.table);
  const newRow = options.new === undefined ? undefined : parseRow(options.new, '--new');
  const oldRow = options.old === undefined ? undefined : parseRow(options.old, '--old');
  const kind = kindOf(options);
  const explanations = explainChange(rules, { table, kind, new: newRow, old: oldRow });

  if (options.output === 'json') {
    output.write(
      `${JSON.stringify({ table: formatTableName(table), kind, rules: explanations.map(toJson) }, null, 2)}\n`,
    );
    return 0;
  }
  output.write(`${styleText('bold', kind)} on ${formatTableName(table)}\n`);
  if (explanations.length === 0) output.write(noRule(table, rules));
  for (const explanation of explanations) output.write(toText(explanation, kind));
  return 0;
}

function tableOf(text: string): TableName {
  try {
    return parseTableName(text);
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    const problem = { where: '--table', message: error.message };
    throw new ConfigError([error.remedy === undefined ? problem : { ...problem, remedy: error.remedy }]);
  }
}

function kindOf(options: ExplainOptions): ChangeKind {
  if (options.truncate === true) return 'truncate';
  if (options.new !== undefined) return options.old === undefined ? 'insert' : 'update';
  if (options.old !== undefined) return 'delete';
  const message = 'nothing to explain';
  const remedy = 'give --new for an insert, --old for a delete, both for an update, or --truncate';
  throw new ConfigError([{ where: 'explain', message, remedy }]);
}

function noRule(table: TableName, rules: readonly Rule[]): string {
  const nearest = nearestName(
    formatTableName(table),
    rules.map((rule) => formatTableName(rule.table)),
  );
  return `  no rule for this table${nearest === undefined ? '' : `; did you mean ${nearest}?`}\n`;
}

function toText({ rule, where, verdict, doubts, planned }: Explanation, kind: ChangeKind): string {
  const reason = { matches: [], on: [`does not listen to ${kind}`], when: ['its condition is false'] };
  const lines = [
    ...reason[verdict],
    ...doubts.map(({ message }) => `its condition counts as true: ${message}`),
    ...planned.map(describeEffect),
  ];
  const distinct = [...new Set(lines)];
  return `  rule ${styleText('cyan', rule)} (${where})\n${distinct.map((line) => `    ${line}\n`).join('')}`;
}

function toJson({ rule, where, verdict, doubts, planned }: Explanation): object {
  return {
    rule,
    where,
    verdict,
    doubts: doubts.map(({ message }) => message),
    effects: planned.map(effectToJson),
  };
}
