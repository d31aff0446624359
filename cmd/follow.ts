import { styleText } from 'node:util';
import { loadRules } from '../src/config/load-rules.ts';
import { loadSettings } from '../src/config/load-settings.ts';
import type { Row } from '../src/domain/change.ts';
import type { Effect, Skip } from '../src/domain/effect.ts';
import { ConfigError } from '../src/domain/errors.ts';
import type { Rule } from '../src/domain/rule.ts';
import { formatTableName, type Table } from '../src/domain/table.ts';
import { wordEffect } from '../src/explain/word-effect.ts';
import { writeEffect } from '../src/explain/write-effect.ts';
import { type FollowedChange, followChanges } from '../src/session/follow-changes.ts';
import { plannedLine } from './planned-line.ts';
import { nearestTable, readTable } from './table-argument.ts';

export interface FollowCommandOptions {
  readonly configFile?: string | undefined;
  readonly rules?: readonly string[];
  /** Only the rules of this table. */
  readonly table?: string;
  /** Where it is left out: text in a terminal, JSON lines in a pipe. */
  readonly output?: 'text' | 'json';
}

/** `freshet explain --follow`: what the daemon would do about the changes that happen now, until Ctrl-C. */
export async function follow(
  { configFile, rules: paths, table, output: format }: FollowCommandOptions,
  output: NodeJS.WriteStream,
): Promise<number> {
  const settings = loadSettings({ configFile, env: process.env, overrides: { rules: paths } });
  const loaded = loadRules(settings.rules);
  const rules = table === undefined ? loaded : rulesOfTable(table, loaded);
  const shadows = new Set(rules.filter(({ mode }) => mode === 'shadow').map(({ name }) => name));
  const isJson = (format ?? (output.isTTY ? 'text' : 'json')) === 'json';
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  await followChanges(
    {
      postgres: settings.postgres,
      rules,
      onStart: () => {
        if (!isJson) output.write(styleText('dim', 'following; Redis is not touched, Ctrl-C ends it\n'));
      },
      onChange: (followed) =>
        output.write(isJson ? `${JSON.stringify(toJson(followed, shadows))}\n` : toText(followed, shadows)),
    },
    stop.signal,
  );
  return 0;
}

/** @throws ConfigError where no rule is about the table */
function rulesOfTable(text: string, rules: readonly Rule[]): readonly Rule[] {
  const table = readTable(text);
  const name = formatTableName(table);
  const chosen = rules.filter((rule) => formatTableName(rule.table) === name);
  if (chosen.length > 0) return chosen;
  const nearest = nearestTable(table, rules);
  const remedy = nearest === undefined ? {} : { remedy: `did you mean ${nearest}?` };
  throw new ConfigError([{ where: '--table', message: `no rule is about ${name}`, ...remedy }]);
}

/** @param shadows names of the rules that touch nothing */
function toText(
  { transaction, change, planned, doubts }: FollowedChange,
  shadows: ReadonlySet<string>,
): string {
  const time = new Date(transaction.commitTimeMs).toISOString().slice(11, 23);
  const title = `${styleText('dim', time)} ${styleText('bold', change.kind)} ${formatTableName(change.table)}`;
  const nameOf = (rule: string) => `${styleText('cyan', rule)}${shadows.has(rule) ? ' (shadow)' : ''}`;
  const lines = [
    ...doubts.map(({ message }) => `a condition counts as true: ${message}`),
    ...planned.map((one) => `${nameOf(one.origin.rule)}  ${plannedLine(one)}`),
  ];
  const shown =
    lines.length === 0 ? [styleText('dim', 'nothing: conditions or `on` leave it out')] : [...new Set(lines)];
  return `${title}\n${shown.map((line) => `  ${line}\n`).join('')}`;
}

function toJson(
  { transaction, change, planned, doubts }: FollowedChange,
  shadows: ReadonlySet<string>,
): object {
  return {
    committed: new Date(transaction.commitTimeMs).toISOString(),
    xid: transaction.xid,
    kind: change.kind,
    table: formatTableName(change.table),
    ...('new' in change ? { new: named(change.table, change.new) } : {}),
    ...('old' in change && change.old !== undefined ? { old: named(change.table, change.old) } : {}),
    doubts: doubts.map(({ message }) => message),
    effects: planned.filter(({ origin }) => !shadows.has(origin.rule)).map(effectToJson),
    shadow: planned.filter(({ origin }) => shadows.has(origin.rule)).map(effectToJson),
  };
}

function effectToJson(planned: Effect | Skip): object {
  return { ...writeEffect(wordEffect(planned)), rule: planned.origin.rule };
}

/** Only the columns that rules read. */
function named({ columns }: Table, row: Row): object {
  const known = columns.flatMap(({ name }, index) => (row[index] === undefined ? [] : [[name, row[index]]]));
  return Object.fromEntries(known);
}
