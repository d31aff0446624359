import type { ChangesAsked, CheckedColumn, ConditionProblem } from '../domain/condition.ts';
import { suggestName } from '../suggest/nearest-name.ts';
import { columnForm, describeType, typeOfForm, type ValueType } from './column-type.ts';
import { comparisonProblem, nameOperand, USE_DOUBLE } from './comparison-problem.ts';
import { constantArgumentProblem } from './constant-argument.ts';
import type { Access, Call, Compare, Expression, Fold, Membership } from './expression.ts';
import { factProblem } from './fact-problem.ts';
import { neverHolds } from './never-holds.ts';
import { functionNames, signaturesOf } from './signatures.ts';

/** Everything wrong with a condition. Where nothing is known of a table, each column may be of any type. */
export function checkTypes(root: Expression, asked?: ChangesAsked): readonly ConditionProblem[] {
  const checker = new TypeChecker(asked);
  const type = checker.typeOf(root);
  if (type !== 'bool' && type !== 'dyn' && checker.problems.length === 0) {
    const remedy = 'compare it with something';
    checker.problems.push({
      message: `the condition is ${describeType(type)}, not true or false`,
      offset: root.offset,
      remedy,
    });
  }
  const never = asked?.on && checker.problems.length === 0 ? neverHolds(root, asked.on) : undefined;
  if (never !== undefined) return [never];
  return checker.problems.toSorted((a, b) => a.offset - b.offset);
}

class TypeChecker {
  readonly problems: ConditionProblem[] = [];
  readonly #columns: ReadonlyMap<string, CheckedColumn> | undefined;
  readonly #tables: readonly string[] | undefined;
  readonly #variables = new Map<string, ValueType>();
  readonly #unknown = new Set<string>();

  constructor(asked: ChangesAsked | undefined) {
    this.#columns = asked && new Map(asked.columns.map((column) => [column.name, column]));
    this.#tables = asked?.tables;
  }

  /** What a value of the expression is; `dyn` where that is not known, also after a problem. */
  typeOf(node: Expression): ValueType {
    switch (node.kind) {
      case 'literal':
        return node.type;
      case 'column':
        return this.#columnType(node.column, node.offset);
      case 'present':
        this.#columnType(node.column, node.offset);
        return 'bool';
      case 'changed':
        for (const column of node.columns) this.#columnType(column, node.offset);
        return 'bool';
      case 'absent':
        return 'bool';
      case 'fact':
        return 'string';
      case 'not':
        this.#expectBool(node.operand);
        return 'bool';
      case 'and':
      case 'or':
        for (const operand of node.operands) this.#expectBool(operand);
        return 'bool';
      case 'choice':
        this.#expectBool(node.condition);
        return join(this.typeOf(node.whenTrue), this.typeOf(node.whenFalse));
      case 'compare':
        this.#checkComparison(node);
        return 'bool';
      case 'in':
        this.#checkMembership(node);
        return 'bool';
      case 'list':
        return { list: this.#joined(node.elements) };
      case 'map':
        for (const entry of node.entries) this.typeOf(entry);
        return 'map';
      case 'access':
        return this.#accessType(node);
      case 'call':
        return this.#callType(node);
      case 'name':
        return node.isType ? 'type' : (this.#variables.get(node.name) ?? 'dyn');
      case 'fold':
        return this.#foldType(node);
    }
  }

  #columnType(name: string, offset: number): ValueType {
    if (this.#columns === undefined) return 'dyn';
    const column = this.#columns.get(name);
    if (column !== undefined) return typeOfForm(columnForm(column.typeOid));
    if (this.#unknown.has(name)) return 'dyn';
    this.#unknown.add(name);
    this.#report(offset, `no column ${name}`, suggestName(name, [...this.#columns.keys()]));
    return 'dyn';
  }

  #joined(nodes: readonly Expression[]): ValueType {
    const types = nodes.map((node) => this.typeOf(node));
    return types.length === 0 ? 'dyn' : types.reduce(join);
  }

  #expectBool(node: Expression): void {
    const type = this.typeOf(node);
    if (type === 'bool' || type === 'dyn') return;
    this.#report(node.offset, `${this.#name(node, type)} is not true or false`, 'compare it with something');
  }

  #checkComparison({ left, right, operator, offset }: Compare): void {
    const relation = operator === '==' || operator === '!=' ? 'equality' : 'order';
    this.#checkPair(left, this.typeOf(left), right, this.typeOf(right), relation, offset);
  }

  #checkMembership({ operand, container, offset }: Membership): void {
    const type = this.typeOf(operand);
    if (container.kind === 'list') {
      for (const element of container.elements)
        this.#checkPair(operand, type, element, this.typeOf(element), 'equality', element.offset);
      return;
    }
    const containerType = this.typeOf(container);
    if (typeof containerType === 'object') {
      this.#checkPair(operand, type, container, containerType.list, 'equality', offset);
    } else if (containerType !== 'dyn' && containerType !== 'map') {
      this.#report(container.offset, `in takes a list or a map, not ${this.#name(container, containerType)}`);
    }
  }

  #checkPair(
    left: Expression,
    leftType: ValueType,
    right: Expression,
    rightType: ValueType,
    relation: 'equality' | 'order',
    offset: number,
  ): void {
    const fact = relation === 'equality' ? factProblem(left, right, this.#tables) : undefined;
    const types = comparisonProblem(
      { node: left, type: leftType, name: this.#name(left, leftType) },
      { node: right, type: rightType, name: this.#name(right, rightType) },
      relation,
      offset,
    );
    const problem = types ?? fact;
    if (problem !== undefined) this.problems.push(problem);
  }

  #accessType({ operand, index, offset }: Access): ValueType {
    const type = this.typeOf(operand);
    const indexType = index === undefined ? 'string' : this.typeOf(index);
    if (type === 'dyn' || type === 'map') return 'dyn';
    if (typeof type === 'object' && index !== undefined) {
      if (indexType !== 'int' && indexType !== 'dyn')
        this.#report(index.offset, 'the index of a list is an int; the first is 0');
      return type.list;
    }
    this.#report(offset, `${this.#name(operand, type)} has no fields`);
    return 'dyn';
  }

  #callType(call: Call): ValueType {
    const { name, isMethod, args, offset } = call;
    const types = args.map((argument) => this.typeOf(argument));
    const signatures = signaturesOf(name, isMethod);
    if (signatures.length === 0) {
      const remedy = suggestName(name, functionNames(isMethod));
      this.#report(offset, `no ${isMethod ? 'method' : 'function'} ${name}`, remedy);
      return 'dyn';
    }
    const fitting = signatures.filter((signature) => fits(signature.args, types));
    if (fitting.length > 0) {
      const problem = constantArgumentProblem(call);
      if (problem !== undefined) this.problems.push(problem);
      return fitting.map(({ result }) => result).reduce(join);
    }
    const symbol = /^_?(.)_$/.exec(name)?.[1];
    const described = args.map((argument, index) => this.#name(argument, types[index] ?? 'dyn'));
    const message =
      symbol === undefined
        ? `${name} does not take ${described.join(', ') || 'no arguments'}`
        : `${symbol} does not take ${described.join(' and ')}`;
    this.#report(offset, message, types.includes('numeric') ? `${USE_DOUBLE} double(...)` : undefined);
    return 'dyn';
  }

  #foldType({ variable, accumulator, range, start, proceed, step, result, offset }: Fold): ValueType {
    const rangeType = this.typeOf(range);
    if (typeof rangeType !== 'object' && rangeType !== 'dyn' && rangeType !== 'map')
      this.#report(offset, `${this.#name(range, rangeType)} is not a list`);
    const startType = this.typeOf(start);
    const outer = [this.#variables.get(variable), this.#variables.get(accumulator)] as const;
    this.#variables.set(variable, typeof rangeType === 'object' ? rangeType.list : 'dyn');
    this.#variables.set(accumulator, startType);
    this.typeOf(proceed);
    this.typeOf(step);
    const type = this.typeOf(result);
    restore(this.#variables, variable, outer[0]);
    restore(this.#variables, accumulator, outer[1]);
    return type;
  }

  #name(node: Expression, type: ValueType): string {
    const column = node.kind === 'column' ? this.#columns?.get(node.column) : undefined;
    return nameOperand(node, type, column?.sqlType);
  }

  #report(offset: number, message: string, remedy?: string): void {
    this.problems.push({ message, offset, ...(remedy !== undefined && { remedy }) });
  }
}

function fits(wanted: readonly ValueType[], given: readonly ValueType[]): boolean {
  return (
    wanted.length === given.length &&
    wanted.every((type, index) => {
      const actual = given[index];
      return (
        actual === 'dyn' ||
        type === 'dyn' ||
        actual === type ||
        (typeof type === 'object' && typeof actual === 'object')
      );
    })
  );
}

function join(left: ValueType, right: ValueType): ValueType {
  return left === right ? left : 'dyn';
}

function restore(variables: Map<string, ValueType>, name: string, type: ValueType | undefined): void {
  if (type === undefined) variables.delete(name);
  else variables.set(name, type);
}
