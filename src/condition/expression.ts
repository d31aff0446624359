import type { CelNode } from './parse-cel.ts';

/** `row` is the new row, or for a delete the one that went; `old` the row before, which an insert has not. */
export type RowImage = 'row' | 'old';

export const COMPARISONS = ['==', '!=', '<', '<=', '>', '>='] as const;
export type Comparison = (typeof COMPARISONS)[number];

interface Located {
  /** Characters of the source before it. */
  readonly offset: number;
  /** The same for the library to evaluate, with every `Leaf` replaced by a variable. */
  readonly cel: CelNode;
}

/** A constant, in the text form that a column of its type would have. */
export interface Literal extends Located {
  readonly kind: 'literal';
  readonly type: 'null' | 'bool' | 'int' | 'uint' | 'double' | 'string' | 'bytes' | 'timestamp';
  /** null for NULL. */
  readonly text: string | null;
}

/** `row.price`, `old['Item Id']` */
export interface ColumnRead extends Located {
  readonly kind: 'column';
  readonly image: RowImage;
  readonly column: string;
  readonly variable: string;
}

/** `has(row.price)`: whether it is not NULL. */
export interface Presence extends Located {
  readonly kind: 'present';
  readonly image: RowImage;
  readonly column: string;
  readonly variable: string;
}

/** `changed('price', 'status')`, and `row.price != old.price`, which means the same. */
export interface Changed extends Located {
  readonly kind: 'changed';
  readonly columns: readonly string[];
  readonly variable: string;
}

/** `old == null`: an insert. */
export interface Absence extends Located {
  readonly kind: 'absent';
  readonly image: RowImage;
  readonly variable: string;
}

/** `op`, `table` */
export interface Fact extends Located {
  readonly kind: 'fact';
  readonly variable: 'op' | 'table';
}

/** What a change answers, by the name that the library knows it by. */
export type Leaf = ColumnRead | Presence | Changed | Absence | Fact;

interface Not extends Located {
  readonly kind: 'not';
  readonly operand: Expression;
}

interface Logic extends Located {
  readonly kind: 'and' | 'or';
  readonly operands: readonly Expression[];
}

export interface Choice extends Located {
  readonly kind: 'choice';
  readonly condition: Expression;
  readonly whenTrue: Expression;
  readonly whenFalse: Expression;
}

export interface Compare extends Located {
  readonly kind: 'compare';
  readonly operator: Comparison;
  readonly left: Expression;
  readonly right: Expression;
}

/** `row.status in ['paid', 'sent']` */
export interface Membership extends Located {
  readonly kind: 'in';
  readonly operand: Expression;
  readonly container: Expression;
}

export interface ListOf extends Located {
  readonly kind: 'list';
  readonly elements: readonly Expression[];
}

interface MapOf extends Located {
  readonly kind: 'map';
  /** Keys and values in turn. */
  readonly entries: readonly Expression[];
}

/** `row.data.tier`, `has(row.data.tier)`, `row.tags[0]` */
export interface Access extends Located {
  readonly kind: 'access';
  readonly operand: Expression;
  /** Undefined for a field. */
  readonly index: Expression | undefined;
  readonly isTest: boolean;
}

/** A function, a method with its target as the first argument, or an arithmetic operator as `_+_`. */
export interface Call extends Located {
  readonly kind: 'call';
  readonly name: string;
  readonly isMethod: boolean;
  readonly args: readonly Expression[];
}

/** A variable of a macro, or the name of a type. */
export interface Name extends Located {
  readonly kind: 'name';
  readonly name: string;
  readonly isType: boolean;
}

/** What `all`, `exists`, `exists_one`, `filter` and `map` become. */
export interface Fold extends Located {
  readonly kind: 'fold';
  readonly variable: string;
  readonly accumulator: string;
  readonly range: Expression;
  readonly start: Expression;
  readonly proceed: Expression;
  readonly step: Expression;
  readonly result: Expression;
}

export type Expression =
  | Literal
  | Leaf
  | Not
  | Logic
  | Choice
  | Compare
  | Membership
  | ListOf
  | MapOf
  | Access
  | Call
  | Name
  | Fold;
