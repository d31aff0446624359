import type { Change, Row } from '../../domain/change.ts';
import type { Effect, Origin } from '../../domain/effect.ts';
import { effectOnAll } from '../../domain/effect-on-all.ts';
import { isFanOutAction } from '../../domain/fan-out-action.ts';
import type { FanOut, RuleAction } from '../../domain/rule.ts';
import type { Table } from '../../domain/table.ts';
import { compileParameters } from './compile-parameters.ts';

/** The effects of a fan-out on one change: a query for the new row, and one for the old where its values differ. */
export type PlanFanOut = (change: Change) => readonly Effect[];

/** Resolves a fan-out's columns in a table once. */
export function compileFanOut(fanOut: FanOut, action: RuleAction, origin: Origin, table: Table): PlanFanOut {
  if (!isFanOutAction(action)) throw new Error(`a fan-out cannot ${action.kind}`);
  const bind = compileParameters(fanOut.each, table);
  const isInIdentity = fanOut.each.columns.every((name) =>
    table.columns.some((column) => column.name === name && column.inIdentity),
  );
  const typeOids = fanOut.each.parameters.map(
    (name) => table.columns.find((column) => column.name === name)?.typeOid ?? 0,
  );
  const indexes = fanOut.each.columns.map((name) =>
    table.columns.findIndex((column) => column.name === name),
  );
  const all = effectOnAll(action, origin);
  const of = (row: Row): Effect => {
    const values = bind(row);
    return values === undefined ? all : { kind: 'fanOut', fanOut, values, typeOids, action, origin };
  };
  return (change) => {
    switch (change.kind) {
      case 'insert':
        return [of(change.new)];
      case 'delete':
        return [of(change.old)];
      case 'update': {
        if (change.old === undefined) return isInIdentity ? [of(change.new)] : [of(change.new), all];
        const { old } = change;
        const now = change.new.map((value, index) => (value === undefined ? old[index] : value));
        return indexes.every((index) => now[index] === old[index]) ? [of(now)] : [of(old), of(now)];
      }
      case 'truncate':
        return [all];
    }
  };
}
