import { ConditionError } from './condition-error.ts';
import type { Literal } from './expression.ts';
import type { CelNode } from './parse-cel.ts';

type CelConstant = Extract<CelNode['exprKind'], { case: 'constExpr' }>['value'];

/** @throws ConditionError for an integer beyond 64 bits, which the parser lets pass */
export function celConstant({ constantKind }: CelConstant, offset: number): Pick<Literal, 'type' | 'text'> {
  switch (constantKind.case) {
    case 'nullValue':
      return { type: 'null', text: null };
    case 'boolValue':
      return { type: 'bool', text: constantKind.value ? 't' : 'f' };
    case 'int64Value':
      return { type: 'int', text: within(constantKind.value, -(2n ** 63n), 2n ** 63n - 1n, offset) };
    case 'uint64Value':
      return { type: 'uint', text: within(constantKind.value, 0n, 2n ** 64n - 1n, offset) };
    case 'doubleValue':
      return { type: 'double', text: String(constantKind.value) };
    case 'stringValue':
      return { type: 'string', text: constantKind.value };
    case 'bytesValue':
      return { type: 'bytes', text: `\\x${Buffer.from(constantKind.value).toString('hex')}` };
    default:
      throw new ConditionError({ message: 'a constant of a kind that is not known here', offset });
  }
}

function within(value: bigint, least: bigint, greatest: bigint, offset: number): string {
  if (value >= least && value <= greatest) return String(value);
  const remedy =
    "a greater number is written as text for a numeric column: row.total > '99999999999999999999'";
  throw new ConditionError({ message: `${value} does not fit into 64 bits`, offset, remedy });
}
