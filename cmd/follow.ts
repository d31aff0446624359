import { styleText } from 'node:util';
import { loadRules } from '../src/config/load-rules.ts';
import { loadSettings } from '../src/config/load-settings.ts';
import type { Row } from '../src/domain/change.ts';
import { formatTableName, type Table } from '../src/domain/table.ts';
import { type FollowedChange, followChanges } from '../src/session/follow-changes.ts';
import { describeEffect, effectToJson } from './describe-effect.ts';

export interface FollowCommandOptions {
  readonly configFile?: string | undefined;
  readonly output: 'text' | 'json';
}

/** `freshet explain --follow`: what the daemon would do about the changes that happen now, until Ctrl-C. */
export async function follow(
  { configFile, output: format }: FollowCommandOptions,
  output: NodeJS.WriteStream,
): Promise<number> {
  const settings = loadSettings({ configFile, env: process.env });
  const rules = loadRules(settings.rules);
  const isJson = format === 'json' || !output.isTTY;
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
        output.write(isJson ? `${JSON.stringify(toJson(followed))}\n` : toText(followed)),
    },
    stop.signal,
  );
  return 0;
}

function toText({ transaction, change, planned, doubts }: FollowedChange): string {
  const time = new Date(transaction.commitTimeMs).toISOString().slice(11, 23);
  const title = `${styleText('dim', time)} ${styleText('bold', change.kind)} ${formatTableName(change.table)}`;
  const lines = [
    ...doubts.map(({ message }) => `a condition counts as true: ${message}`),
    ...planned.map((one) => `${styleText('cyan', one.origin.rule)}  ${describeEffect(one)}`),
  ];
  const shown =
    lines.length === 0 ? [styleText('dim', 'nothing: conditions or `on` leave it out')] : [...new Set(lines)];
  return `${title}\n${shown.map((line) => `  ${line}\n`).join('')}`;
}

function toJson({ transaction, change, planned, doubts }: FollowedChange): object {
  return {
    committed: new Date(transaction.commitTimeMs).toISOString(),
    xid: transaction.xid,
    kind: change.kind,
    table: formatTableName(change.table),
    ...('new' in change ? { new: named(change.table, change.new) } : {}),
    ...('old' in change && change.old !== undefined ? { old: named(change.table, change.old) } : {}),
    doubts: doubts.map(({ message }) => message),
    effects: planned.map((one) => ({ rule: one.origin.rule, ...effectToJson(one) })),
  };
}

/** Only the columns that rules read. */
function named({ columns }: Table, row: Row): object {
  const known = columns.flatMap(({ name }, index) => (row[index] === undefined ? [] : [[name, row[index]]]));
  return Object.fromEntries(known);
}
