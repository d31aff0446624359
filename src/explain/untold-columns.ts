import type { Effect, Skip } from '../domain/effect.ts';
import type { Rule } from '../domain/rule.ts';
import { columnsRead, columnsWritten } from '../domain/rule-columns.ts';
import type { NamedRow } from './explain-change.ts';

/** The columns that a rule reads and a row does not name, each once. */
export function untoldColumns(rule: Rule, row: NamedRow | undefined): readonly string[] {
  return [...new Set(columnsRead(rule))].filter((column) => row?.has(column) !== true);
}

/** Whether neither the key of an effect nor what is done to it depends on these columns. */
export function isTold({ origin }: Effect | Skip, rule: Rule, untold: readonly string[]): boolean {
  const { keys, fanOuts, action } = rule;
  const needed = [
    ...keys.filter(({ source }) => source === origin.template).flatMap(({ columns }) => columns),
    ...fanOuts.filter(({ key }) => key.source === origin.template).flatMap(({ each }) => each.columns),
    ...(action.kind === 'refresh' ? action.query.columns : []),
    ...(columnsWritten(action) ?? []),
  ];
  return !needed.some((column) => untold.includes(column));
}
