import type { KeyTemplate } from '../domain/key-template.ts';
import type { Reading, Rule, RuleAction } from '../domain/rule.ts';
import type { TableName } from '../domain/table.ts';
import { counterQuery, membersQuery } from './derived-query.ts';

/** How the value of a key is read, by the query of the rule or by one derived from it; undefined where it never is. */
export function readingOf(
  { action, table }: Pick<Rule, 'action' | 'table'>,
  key: KeyTemplate,
): Reading | undefined {
  switch (action.kind) {
    case 'refresh':
      return action;
    case 'counter':
      return counterReading(table, action, key);
    case 'sortedSet':
      return setReading(table, action, key);
    default:
      return undefined;
  }
}

export function counterReading(
  table: TableName,
  { sum, always, expiry }: Extract<RuleAction, { kind: 'counter' }>,
  key: KeyTemplate,
): Reading {
  return { query: counterQuery(table, key, sum), as: 'string', always, expiry };
}

/** Of a whole set, where the rule wants one that does not exist. */
export function setReading(
  table: TableName,
  { member, score, always, expiry }: Extract<RuleAction, { kind: 'sortedSet' }>,
  key: KeyTemplate,
): Reading | undefined {
  if (!always) return undefined;
  return { query: membersQuery(table, key, member, score), as: { member }, always, expiry };
}
