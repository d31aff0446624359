import type { Rule } from '../domain/rule.ts';
import type { PurgeOrder } from './migration-message.ts';
import { rulesOf } from './rules-of.ts';

/** The rules whose keys an operator orders to be purged; none where the order names nothing that a rule knows. */
export function rulesOrdered<R extends Pick<Rule, 'name' | 'table'>>(
  order: PurgeOrder,
  rules: readonly R[],
): readonly R[] {
  switch (order.kind) {
    case 'all':
      return rules;
    case 'rule':
      return rules.filter(({ name }) => name === order.rule);
    case 'table':
      return rulesOf([order.table], rules);
  }
}
