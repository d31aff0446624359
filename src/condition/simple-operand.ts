import type { ColumnRead, Expression, Fact, Literal } from './expression.ts';

/** What a comparison can read as text, without the library. */
export type SimpleOperand = Literal | ColumnRead | Fact;

export function isSimple(node: Expression): node is SimpleOperand {
  return node.kind === 'literal' || node.kind === 'column' || node.kind === 'fact';
}
