import type { Rule, RuleAction } from './rule.ts';

/**
 * The columns whose values a rule takes from rows of the stream, new and old: for its keys, its queries, its condition
 * and what it writes. One that writes whole rows takes all the others too. A name may be there twice, here and below.
 */
export function columnsRead({ keys, fanOuts, when, action }: Rule): readonly string[] {
  return [
    ...keys.flatMap(({ columns }) => columns),
    ...fanOuts.flatMap(({ each }) => each.columns),
    ...(when?.columns ?? []),
    ...(action.kind === 'refresh' ? action.query.columns : []),
    ...(columnsWritten(action) ?? []),
  ];
}

/**
 * Those of them that it needs of the old row, without which it does not know the keys of every update or delete.
 * A condition that a delete cannot decide counts as true, and what is written or queried is of the new row.
 */
export function oldColumnsRead({ keys, fanOuts, on, when, action }: Rule): readonly string[] {
  if (!on.has('update') && !on.has('delete')) return [];
  return [
    ...keys.flatMap(({ columns }) => columns),
    ...fanOuts.flatMap(({ each }) => each.columns),
    ...(on.has('update') ? (when?.oldColumns ?? []) : []),
    ...(action.kind === 'sortedSet' ? action.member.columns : []),
  ];
}

/** The columns of the new row that an action puts into Redis; undefined: all of them. */
export function columnsWritten(action: RuleAction): readonly string[] | undefined {
  switch (action.kind) {
    case 'set':
      return action.template?.columns ?? action.columns;
    case 'hash':
      return action.columns;
    case 'sortedSet':
      return [...action.member.columns, action.score];
    default:
      return [];
  }
}

/** The columns that a rule cannot do without: what it reads, and what it has summed up, which no row has to tell. */
export function columnsNamed(rule: Rule): readonly string[] {
  const { action } = rule;
  const summed = action.kind === 'counter' ? action.sum : undefined;
  return summed === undefined ? columnsRead(rule) : [...columnsRead(rule), summed];
}
