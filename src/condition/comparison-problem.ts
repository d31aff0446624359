import type { ConditionProblem } from '../domain/condition.ts';
import { describeType, NUMBER_TYPES, type ValueType } from './column-type.ts';
import type { Expression } from './expression.ts';
import { exceedsDouble, isNumber } from './number-order.ts';
import { isSimple } from './simple-operand.ts';

/** One side of a comparison, as the type checker knows it. */
export interface TypedOperand {
  readonly node: Expression;
  readonly type: ValueType;
  /** For a message: `row.price (numeric(10,2))`. */
  readonly name: string;
}

const ORDERED_TYPES: ReadonlySet<ValueType> = new Set<ValueType>([
  ...NUMBER_TYPES,
  'bool',
  'string',
  'bytes',
  'timestamp',
  'duration',
]);

export const USE_DOUBLE =
  'numeric is compared exactly but not computed with; where rounding does no harm write';

/** What is wrong with comparing two values; undefined where it makes sense, or where a type is not known. */
export function comparisonProblem(
  left: TypedOperand,
  right: TypedOperand,
  relation: 'equality' | 'order',
  offset: number,
): ConditionProblem | undefined {
  const unordered = [left, right].find(({ type }) => type !== 'dyn' && !ORDERED_TYPES.has(type));
  if (relation === 'order' && unordered !== undefined)
    return { message: `${unordered.name} has no order`, offset: unordered.node.offset };
  if (left.type === 'null' || right.type === 'null') return undefined;
  if (left.type === 'numeric') return numericProblem(left, right, offset);
  if (right.type === 'numeric') return numericProblem(right, left, offset);
  if (left.type === 'dyn' || right.type === 'dyn' || areAlike(left.type, right.type)) return undefined;
  const verb = relation === 'equality' ? 'can never equal' : 'cannot be compared with';
  const remedy = literalRemedy(left.type, right.node) ?? literalRemedy(right.type, left.node);
  return {
    message: `${left.name} ${verb} ${right.name}`,
    offset,
    ...(remedy !== undefined && { remedy }),
  };
}

/** Numeric is exact only where a column meets a column or a constant: the library has no such type. */
function numericProblem(
  numeric: TypedOperand,
  other: TypedOperand,
  offset: number,
): ConditionProblem | undefined {
  const { node, type } = other;
  if (!isSimple(numeric.node) || !isSimple(node)) {
    const message = `${numeric.name} is compared with something computed`;
    return { message, offset, remedy: `${USE_DOUBLE} double(...)` };
  }
  if (node.kind === 'literal' && type === 'string' && isNumber(node.text ?? '')) return undefined;
  if (node.kind === 'literal' && type === 'double' && exceedsDouble(node.text ?? '')) {
    const message = 'a number literal does not keep this many digits';
    return { message, offset: node.offset, remedy: 'write it as text, which keeps every digit' };
  }
  if (type === 'dyn' || NUMBER_TYPES.has(type)) return undefined;
  return { message: `${numeric.name} cannot be compared with ${other.name}`, offset };
}

function areAlike(left: ValueType, right: ValueType): boolean {
  if (typeof left === 'object' || typeof right === 'object') return typeof left === typeof right;
  return left === right || (NUMBER_TYPES.has(left) && NUMBER_TYPES.has(right));
}

/** How to write a text literal so that it is of the type that it is compared with. */
function literalRemedy(type: ValueType, other: Expression): string | undefined {
  if (other.kind !== 'literal' || other.type !== 'string') return undefined;
  if (type === 'timestamp') return "write timestamp('2026-01-31T10:00:00Z')";
  if (type === 'bool') return 'write true or false, without quotes';
  return NUMBER_TYPES.has(type) && isNumber(other.text ?? '') ? 'write the number without quotes' : undefined;
}

/** A name for an operand: a literal as it is written, a column with its type in SQL. */
export function nameOperand(node: Expression, type: ValueType, sqlType: string | undefined): string {
  if (node.kind === 'literal') return node.type === 'string' ? `'${node.text ?? ''}'` : (node.text ?? 'null');
  if (node.kind !== 'column') return describeType(type);
  return sqlType === undefined ? node.variable : `${node.variable} (${sqlType})`;
}
