import { celConstant } from './cel-constant.ts';
import { toCall } from './cel-rewrite.ts';
import { isCelTimestamp } from './cel-value.ts';
import { ConditionError } from './condition-error.ts';
import {
  type Changed,
  COMPARISONS,
  type Comparison,
  type Expression,
  type Leaf,
  type RowImage,
} from './expression.ts';
import { LeafTable } from './leaf-table.ts';
import type { CelNode, ParsedCel } from './parse-cel.ts';

/** The variables of a condition, as a message about an unknown one lists them. */
const VARIABLES = ['row.column', 'old.column', 'op', 'table', "changed('column')"].join(', ');
const TYPE_NAMES = new Set([
  'bool',
  'int',
  'uint',
  'double',
  'string',
  'bytes',
  'list',
  'map',
  'null_type',
  'type',
]);

export interface ReadExpression {
  readonly root: Expression;
  /** Each column, fact and test of a change that it reads, once. */
  readonly leaves: readonly Leaf[];
}

/**
 * Gives the library's tree the meaning that it has here: columns, `changed` and rows become leaves, in the tree that
 * comes back and, as variables, in the library's own, which is altered in place.
 * @throws ConditionError for an unknown variable, a row used as a whole, or a constant out of range
 */
export function readExpression(parsed: ParsedCel): ReadExpression {
  const reader = new ExpressionReader(parsed);
  return { root: reader.read(parsed.root), leaves: reader.leaves() };
}

class ExpressionReader {
  readonly #leaves = new LeafTable();
  readonly #parsed: ParsedCel;
  /** Variables of the macros around the node that is read. */
  readonly #scope: string[] = [];

  constructor(parsed: ParsedCel) {
    this.#parsed = parsed;
  }

  leaves(): readonly Leaf[] {
    return this.#leaves.all();
  }

  read(cel: CelNode | undefined): Expression {
    if (cel === undefined) throw new TypeError('the parser left out a node');
    const offset = this.#parsed.offsetOf(cel);
    const { exprKind } = cel;
    switch (exprKind.case) {
      case 'constExpr':
        return { kind: 'literal', offset, cel, ...celConstant(exprKind.value, offset) };
      case 'identExpr':
        return this.#readName(cel, offset, exprKind.value.name);
      case 'selectExpr': {
        const { operand, field, testOnly } = exprKind.value;
        const image = this.#imageOf(operand);
        if (image !== undefined) {
          const start = testOnly ? offset : this.#offsetOf(operand);
          return testOnly
            ? this.#leaves.presence(cel, start, image, field)
            : this.#leaves.column(cel, start, image, field);
        }
        return {
          kind: 'access',
          offset,
          cel,
          operand: this.read(operand),
          index: undefined,
          isTest: testOnly,
        };
      }
      case 'listExpr':
        return {
          kind: 'list',
          offset,
          cel,
          elements: exprKind.value.elements.map((item) => this.read(item)),
        };
      case 'structExpr':
        return this.#readMap(cel, offset);
      case 'callExpr':
        return this.#readCall(cel, offset);
      case 'comprehensionExpr':
        return this.#readFold(cel, offset);
      default:
        throw new ConditionError({ message: 'this part of CEL is not known here', offset });
    }
  }

  #readName(cel: CelNode, offset: number, name: string): Expression {
    if (this.#scope.includes(name)) return { kind: 'name', offset, cel, name, isType: false };
    if (name === 'op' || name === 'table') return this.#leaves.fact(cel, offset, name);
    if (name === 'row' || name === 'old') {
      const remedy = name === 'old' ? 'write old.column, or old == null for an insert' : 'write row.column';
      throw new ConditionError({ message: `${name} cannot be used as a whole`, offset, remedy });
    }
    if (TYPE_NAMES.has(name)) return { kind: 'name', offset, cel, name, isType: true };
    throw new ConditionError({
      message: `unknown variable ${name}`,
      offset,
      remedy: `known here: ${VARIABLES}`,
    });
  }

  #readMap(cel: CelNode, offset: number): Expression {
    if (cel.exprKind.case !== 'structExpr' || cel.exprKind.value.messageName !== '')
      throw new ConditionError({ message: 'a condition has no protocol messages', offset });
    const entries = cel.exprKind.value.entries.flatMap(({ keyKind, value }) => [
      this.read(keyKind.case === 'mapKey' ? keyKind.value : undefined),
      this.read(value),
    ]);
    return { kind: 'map', offset, cel, entries };
  }

  #readCall(cel: CelNode, offset: number): Expression {
    if (cel.exprKind.case !== 'callExpr') throw new TypeError('not a call');
    const { function: name, target, args } = cel.exprKind.value;
    const [first, second, third] = args;
    const comparison = COMPARISONS.find((operator) => name === `_${operator}_`);
    if (comparison !== undefined) return this.#readComparison(cel, offset, comparison);
    switch (name) {
      case 'changed':
        if (target === undefined) return this.#readChanged(cel, offset, args);
        break;
      case '!_':
        return { kind: 'not', offset, cel, operand: this.read(first) };
      case '_&&_':
      case '_||_': {
        const operands = args.map((operand) => this.read(operand));
        return { kind: name === '_&&_' ? 'and' : 'or', offset, cel, operands };
      }
      case '_?_:_':
        return {
          kind: 'choice',
          offset,
          cel,
          condition: this.read(first),
          whenTrue: this.read(second),
          whenFalse: this.read(third),
        };
      case '@in':
        return { kind: 'in', offset, cel, operand: this.read(first), container: this.read(second) };
      case '_[_]':
        return this.#readIndex(cel, offset, first, second);
      case 'timestamp': {
        const argument = this.read(first);
        if (args.length === 1 && argument.kind === 'literal' && argument.type === 'string')
          return timestampLiteral(cel, offset, argument.text ?? '');
        return { kind: 'call', offset, cel, name, isMethod: false, args: [argument] };
      }
    }
    const isMethod = target !== undefined;
    const all = (isMethod ? [target, ...args] : args).map((argument) => this.read(argument));
    return { kind: 'call', offset, cel, name, isMethod, args: all };
  }

  #readComparison(cel: CelNode, offset: number, operator: Comparison): Expression {
    if (cel.exprKind.case !== 'callExpr') throw new TypeError('not a call');
    const [first, second] = cel.exprKind.value.args;
    const isEquality = operator === '==' || operator === '!=';
    const image = this.#imageOf(first) ?? this.#imageOf(second);
    if (isEquality && image !== undefined && (isNull(first) || isNull(second)))
      return this.#negatedIf(operator === '!=', cel, offset, () => this.#leaves.absence(cel, offset, image));
    const left = this.read(first);
    const right = this.read(second);
    // A row compared with its own past is `changed`: so an insert and a delete differ, and unchanged TOAST does not.
    if (isEquality && left.kind === 'column' && right.kind === 'column') {
      if (left.column === right.column && left.image !== right.image)
        return this.#negatedIf(operator === '==', cel, offset, () =>
          this.#leaves.changed(cel, offset, [left.column]),
        );
    }
    return { kind: 'compare', offset, cel, operator, left, right };
  }

  /** A leaf in place of a comparison, and for the opposite operator its negation. */
  #negatedIf(isNegated: boolean, cel: CelNode, offset: number, make: () => Leaf): Expression {
    const leaf = make();
    if (!isNegated) return leaf;
    const operand: Leaf = { ...leaf, cel: { ...cel } };
    toCall(cel, '!_', [operand.cel]);
    return { kind: 'not', offset, cel, operand };
  }

  #readChanged(cel: CelNode, offset: number, args: readonly CelNode[]): Changed {
    const remedy = "write changed('price'), or several columns: changed('price', 'status')";
    if (args.length === 0) throw new ConditionError({ message: 'changed without a column', offset, remedy });
    const columns = args.map((argument) => {
      const name = this.read(argument);
      if (name.kind === 'literal' && name.type === 'string' && name.text !== null) return name.text;
      throw new ConditionError({ message: 'changed takes names of columns', offset: name.offset, remedy });
    });
    return this.#leaves.changed(cel, offset, columns);
  }

  #readIndex(
    cel: CelNode,
    offset: number,
    first: CelNode | undefined,
    second: CelNode | undefined,
  ): Expression {
    const image = this.#imageOf(first);
    const index = this.read(second);
    if (image === undefined)
      return { kind: 'access', offset, cel, operand: this.read(first), index, isTest: false };
    if (index.kind === 'literal' && index.type === 'string' && index.text !== null)
      return this.#leaves.column(cel, this.#offsetOf(first), image, index.text);
    const remedy = `write ${image}['column']`;
    throw new ConditionError({
      message: `${image}[...] takes the name of a column`,
      offset: index.offset,
      remedy,
    });
  }

  #readFold(cel: CelNode, offset: number): Expression {
    if (cel.exprKind.case !== 'comprehensionExpr') throw new TypeError('not a comprehension');
    const { iterVar, accuVar, iterRange, accuInit, loopCondition, loopStep, result } = cel.exprKind.value;
    if (['row', 'old', 'op', 'table'].includes(iterVar))
      throw new ConditionError({
        message: `${iterVar} has a meaning already`,
        offset,
        remedy: 'choose another name',
      });
    const range = this.read(iterRange);
    const start = this.read(accuInit);
    this.#scope.push(iterVar, accuVar);
    const [proceed, step, last] = [this.read(loopCondition), this.read(loopStep), this.read(result)];
    this.#scope.length -= 2;
    return {
      kind: 'fold',
      offset,
      cel,
      variable: iterVar,
      accumulator: accuVar,
      range,
      start,
      proceed,
      step,
      result: last,
    };
  }

  #imageOf(cel: CelNode | undefined): RowImage | undefined {
    const name = cel?.exprKind.case === 'identExpr' ? cel.exprKind.value.name : undefined;
    return name === 'row' || name === 'old' ? name : undefined;
  }

  #offsetOf(cel: CelNode | undefined): number {
    return cel === undefined ? 0 : this.#parsed.offsetOf(cel);
  }
}

function timestampLiteral(cel: CelNode, offset: number, text: string): Expression {
  if (isCelTimestamp(text)) return { kind: 'literal', offset, cel, type: 'timestamp', text };
  const remedy = "write RFC 3339: timestamp('2026-01-31T10:00:00Z')";
  throw new ConditionError({ message: 'not a timestamp', offset, remedy });
}

function isNull(cel: CelNode | undefined): boolean {
  return cel?.exprKind.case === 'constExpr' && cel.exprKind.value.constantKind.case === 'nullValue';
}
