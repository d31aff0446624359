import { parse } from '@bufbuild/cel';
import type { CelNode } from './parse-cel.ts';

/** Messages of the library to copy: it exports no way to make them. */
const IDENTIFIER = parse('x').expr.exprKind;
const CALL = parse('f(x)').expr.exprKind;

/** Turns a node into a variable, of whatever name: the library looks it up as it stands. */
export function toVariable(node: CelNode, name: string): void {
  if (IDENTIFIER.case !== 'identExpr') throw new TypeError('the library parses x otherwise than as a name');
  node.exprKind = { case: 'identExpr', value: { ...IDENTIFIER.value, name } };
}

/** Turns a node into a call of a function. */
export function toCall(node: CelNode, name: string, args: CelNode[]): void {
  if (CALL.case !== 'callExpr') throw new TypeError('the library parses f(x) otherwise than as a call');
  node.exprKind = { case: 'callExpr', value: { ...CALL.value, function: name, args } };
}
