import type { Change, ColumnValue } from '../domain/change.ts';
import { trimPadding } from './cel-value.ts';
import type { ColumnForm } from './column-type.ts';
import type { Comparison } from './expression.ts';
import { readInstant } from './instant.ts';
import { compareNumbers, isNumber, readNumber } from './number-order.ts';

/** One side of a comparison: text as Postgres writes it, and how to read it. */
export interface Operand {
  readonly form: ColumnForm | 'uint' | 'null';
  /** Undefined for a column. */
  readonly constant: string | null | undefined;
  readonly read: (change: Change) => ColumnValue;
}

/** Negative, 0, positive, or NaN where neither is less and they are not equal. */
type Order = (left: string, right: string) => number;

/** True or false, or undefined where a side is not told, or null where NULL has no order. */
export type CompareOperands = (change: Change) => boolean | null | undefined;

/** @returns undefined for types that only the library can compare, or that have nothing in common */
export function compareOperands(
  left: Operand,
  operator: Comparison,
  right: Operand,
): CompareOperands | undefined {
  const isEquality = operator === '==' || operator === '!=';
  const order = orderOf(left, right, isEquality);
  if (order === undefined) return undefined;
  const holds = OUTCOMES[operator];
  return (change) => {
    const a = left.read(change);
    const b = right.read(change);
    if (a === undefined || b === undefined) return undefined;
    if (a === null || b === null) return isEquality ? (a === b) === (operator === '==') : null;
    return holds(order(a, b));
  };
}

const OUTCOMES: Readonly<Record<Comparison, (order: number) => boolean>> = {
  '==': (order) => order === 0,
  '!=': (order) => order !== 0,
  '<': (order) => order < 0,
  '<=': (order) => order <= 0,
  '>': (order) => order > 0,
  '>=': (order) => order >= 0,
};

const NUMBERS: ReadonlySet<Operand['form']> = new Set<Operand['form']>(['int', 'uint', 'double', 'numeric']);
const TEXTS: ReadonlySet<Operand['form']> = new Set<Operand['form']>(['string', 'padded']);

function orderOf(left: Operand, right: Operand, isEquality: boolean): Order | undefined {
  const forms = [left.form, right.form];
  // A JSON document may be null without being NULL.
  if (forms.includes('null') && forms.includes('json')) return undefined;
  // Then one side is NULL or they differ: no text is read but to see that there is one.
  if (forms.includes('null')) return isEquality ? () => Number.NaN : undefined;
  if (forms.every((form) => form === 'bool')) return compareText;
  if (forms.every((form) => TEXTS.has(form)))
    return forms.includes('padded') ? reading(trimPadding, compareText, left, right) : compareText;
  if (forms.every((form) => form === 'timestamp')) return orderOfInstants(left, right);
  if (forms.includes('double') && [left, right].every(isDoubleOrLiteral))
    return reading(Number, compareIeee, left, right);
  if ([left, right].every((side) => NUMBERS.has(side.form) || isNumberText(side, forms)))
    return reading(readNumber, compareNumbers, left, right);
  return undefined;
}

/** A side that is a double anyway, or a number literal that meets one. */
function isDoubleOrLiteral({ form, constant }: Operand): boolean {
  return form === 'double' || (typeof constant === 'string' && NUMBERS.has(form));
}

/** A decimal written as text, for digits that a number literal would lose; only against numeric. */
function isNumberText({ form, constant }: Operand, forms: readonly Operand['form'][]): boolean {
  return form === 'string' && typeof constant === 'string' && isNumber(constant) && forms.includes('numeric');
}

/** Reads a constant once and a column for each change. */
function reading<T>(
  read: (text: string) => T,
  compare: (a: T, b: T) => number,
  left: Operand,
  right: Operand,
): Order {
  if (typeof right.constant === 'string') {
    const constant = read(right.constant);
    return (a) => compare(read(a), constant);
  }
  if (typeof left.constant === 'string') {
    const constant = read(left.constant);
    return (_, b) => compare(constant, read(b));
  }
  return (a, b) => compare(read(a), read(b));
}

function orderOfInstants(left: Operand, right: Operand): Order {
  return reading(
    (text) => readInstant(text) ?? Number.NaN,
    (a, b) => {
      if (a < b) return -1;
      if (a > b) return 1;
      return a === b ? 0 : Number.NaN;
    },
    left,
    right,
  );
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function compareIeee(a: number, b: number): number {
  if (a === b) return 0;
  if (a < b) return -1;
  return a > b ? 1 : Number.NaN;
}
