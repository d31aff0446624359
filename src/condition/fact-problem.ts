import type { ChangeKind } from '../domain/change.ts';
import type { ConditionProblem } from '../domain/condition.ts';
import { suggestName } from '../suggest/nearest-name.ts';
import type { Expression, Fact, Literal } from './expression.ts';

/** What `op` may be; a truncate is never asked. */
export const OPERATIONS = ['insert', 'update', 'delete'] as const satisfies readonly ChangeKind[];

/**
 * What is wrong with comparing `op` or `table` with a constant that it can never be.
 * @param tables that the stream may tell; undefined where that is not known
 */
export function factProblem(
  left: Expression,
  right: Expression,
  tables: readonly string[] | undefined,
): ConditionProblem | undefined {
  const [fact, literal] = left.kind === 'fact' ? [left, right] : [right, left];
  if (fact.kind !== 'fact' || literal.kind !== 'literal' || literal.type !== 'string') return undefined;
  const text = literal.text ?? '';
  const remedy = fact.variable === 'op' ? operationRemedy(text) : tableRemedy(text, tables);
  return remedy === undefined ? undefined : neverEqual(fact, literal, remedy);
}

function neverEqual({ variable }: Fact, { text, offset }: Literal, remedy: string): ConditionProblem {
  return { message: `${variable} can never equal '${text ?? ''}'`, offset, remedy };
}

function operationRemedy(text: string): string | undefined {
  if (OPERATIONS.some((operation) => operation === text)) return undefined;
  if (text.toLowerCase() === 'truncate')
    return '`when` never filters a TRUNCATE; name the kinds of change in `on`';
  const meant = OPERATIONS.find((operation) => text.toLowerCase().startsWith(operation));
  return meant === undefined
    ? `op is ${OPERATIONS.map((operation) => `'${operation}'`).join(', ')}`
    : `write '${meant}'`;
}

function tableRemedy(text: string, tables: readonly string[] | undefined): string | undefined {
  if (tables === undefined)
    return text.includes('.') ? undefined : `write its schema too: 'public.${text || 'products'}'`;
  if (tables.includes(text)) return undefined;
  const [only] = tables;
  return only !== undefined && tables.length === 1 ? `write '${only}'` : suggestName(text, tables);
}
