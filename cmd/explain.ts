import type { Writable } from 'node:stream';
import { styleText } from 'node:util';
import { loadRules } from '../src/config/load-rules.ts';
import { loadRuleFiles } from '../src/config/load-settings.ts';
import type { ChangeKind } from '../src/domain/change.ts';
import { ConfigError } from '../src/domain/errors.ts';
import type { Rule } from '../src/domain/rule.ts';
import { formatTableName, type TableName } from '../src/domain/table.ts';
import { type Explanation, explainChange } from '../src/explain/explain-change.ts';
import { parseRow } from '../src/explain/parse-row.ts';
import { wordEffect } from '../src/explain/word-effect.ts';
import { writeEffect } from '../src/explain/write-effect.ts';
import { plannedLine } from './planned-line.ts';
import { nearestTable, readTable } from './table-argument.ts';

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
  const table = readTable(options.table);
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

function kindOf(options: ExplainOptions): ChangeKind {
  if (options.truncate === true) return 'truncate';
  if (options.new !== undefined) return options.old === undefined ? 'insert' : 'update';
  if (options.old !== undefined) return 'delete';
  const message = 'nothing to explain';
  const remedy = 'give --new for an insert, --old for a delete, both for an update, or --truncate';
  throw new ConfigError([{ where: 'explain', message, remedy }]);
}

function noRule(table: TableName, rules: readonly Rule[]): string {
  const nearest = nearestTable(table, rules);
  return `  no rule for this table${nearest === undefined ? '' : `; did you mean ${nearest}?`}\n`;
}

function toText(explanation: Explanation, kind: ChangeKind): string {
  const { rule, mode, where, verdict, doubts, untold, planned } = explanation;
  const reason = { matches: [], on: [`does not listen to ${kind}`], when: ['its condition is false'] };
  const lines = [
    ...reason[verdict],
    ...(untold.length === 0 ? [] : [`the row does not tell ${untold.join(', ')}; a real ${kind} does`]),
    ...doubts.map(({ message }) => `its condition counts as true: ${message}`),
    ...planned.map(plannedLine),
  ];
  const distinct = [...new Set(lines)];
  const title = `rule ${styleText('cyan', rule)} (${where})${mode === 'shadow' ? ', shadow: touches nothing' : ''}`;
  return `  ${title}\n${distinct.map((line) => `    ${line}\n`).join('')}`;
}

function toJson({ rule, mode, where, verdict, doubts, untold, planned }: Explanation): object {
  return {
    rule,
    mode,
    where,
    verdict,
    doubts: doubts.map(({ message }) => message),
    untold,
    effects: planned.map((one) => writeEffect(wordEffect(one))),
  };
}
