import type { Change } from '../domain/change.ts';
import type { Doubt } from '../domain/condition.ts';
import type { Table } from '../domain/table.ts';
import { columnForm } from './column-type.ts';
import { compareOperands, type Operand } from './compare-operands.ts';
import type { Comparison, Expression, Leaf, Membership } from './expression.ts';
import { LibraryTests } from './library-tests.ts';
import { changedReaderOf, readerOf } from './row-reader.ts';
import { isSimple, type SimpleOperand } from './simple-operand.ts';
import { choose, combine, negate, type Test } from './test-answer.ts';

/**
 * Turns a condition into functions for one table. Boolean operators, `changed` and comparisons of columns with columns
 * or constants, which is what most rules consist of, read the text of the row as it is; any other part is
 * evaluated by the library, which takes ten to a hundred times as long.
 */
export function bindExpression(root: Expression, leaves: readonly Leaf[], table: Table): Test {
  return new Binder(leaves, table).bind(root);
}

class Binder {
  readonly #table: Table;
  readonly #library: LibraryTests;

  constructor(leaves: readonly Leaf[], table: Table) {
    this.#table = table;
    this.#library = new LibraryTests(leaves, table);
  }

  bind(node: Expression): Test {
    switch (node.kind) {
      case 'literal':
        return node.type === 'bool' ? () => node.text === 't' : this.#library.test(node);
      case 'column':
        return this.#formOf(node.column) === 'bool' ? this.#truth(node) : this.#library.test(node);
      case 'present':
        return this.#presence(node.image, node.column, node.offset);
      case 'changed':
        return this.#changed(node.columns, node.offset);
      case 'absent':
        return node.image === 'row' ? () => false : (change) => change.kind === 'insert';
      case 'not':
        return negate(this.bind(node.operand));
      case 'and':
      case 'or':
        return combine(
          node.operands.map((operand) => this.bind(operand)),
          node.kind === 'or',
        );
      case 'choice':
        return choose(this.bind(node.condition), this.bind(node.whenTrue), this.bind(node.whenFalse));
      case 'compare':
        return (
          this.#comparison(node.left, node.operator, node.right, node.offset) ?? this.#library.test(node)
        );
      case 'in':
        return this.#membership(node) ?? this.#library.test(node);
      default:
        return this.#library.test(node);
    }
  }

  #truth({ image, column, offset }: Extract<Leaf, { kind: 'column' }>): Test {
    const read = readerOf(this.#table, image, column);
    const untold = this.#untold(`${image}.${column}`, offset);
    const isNull: Doubt = {
      kind: 'failed',
      offset,
      message: `${image}.${column} is NULL, neither true nor false`,
    };
    return (change) => {
      const value = read(change);
      if (value === undefined) return untold;
      return value === null ? isNull : value === 't';
    };
  }

  #presence(image: 'row' | 'old', column: string, offset: number): Test {
    const read = readerOf(this.#table, image, column);
    const untold = this.#untold(`${image}.${column}`, offset);
    return (change) => {
      const value = read(change);
      return value === undefined ? untold : value !== null;
    };
  }

  #changed(columns: readonly string[], offset: number): Test {
    const read = changedReaderOf(this.#table, columns);
    const untold = this.#untold(`the old value of ${columns.join(' or ')}`, offset);
    return (change) => read(change) ?? untold;
  }

  #comparison(left: Expression, operator: Comparison, right: Expression, offset: number): Test | undefined {
    if (!isSimple(left) || !isSimple(right)) return undefined;
    const compare = compareOperands(this.#operand(left), operator, this.#operand(right));
    if (compare === undefined) return undefined;
    const names = [left, right].flatMap((side) => (side.kind === 'column' ? side.variable : []));
    const untold = this.#untold(names.join(' or '), offset);
    const isNull: Doubt = {
      kind: 'failed',
      offset,
      message: `${names.join(' or ')} is NULL, which has no order`,
    };
    return (change) => {
      const answer = compare(change);
      if (answer === undefined) return untold;
      return answer ?? isNull;
    };
  }

  /** As one comparison after the other; equality is all that `in` asks for. */
  #membership({ operand, container, offset }: Membership): Test | undefined {
    if (container.kind !== 'list') return undefined;
    const tests = container.elements.map((element) => this.#comparison(operand, '==', element, offset));
    return tests.every((test) => test !== undefined) ? combine(tests, true) : undefined;
  }

  #operand(node: SimpleOperand): Operand {
    switch (node.kind) {
      case 'literal':
        return { form: node.type, constant: node.text, read: () => node.text };
      case 'column':
        return {
          form: this.#formOf(node.column),
          constant: undefined,
          read: readerOf(this.#table, node.image, node.column),
        };
      case 'fact':
        return { form: 'string', constant: undefined, read: factReader(node.variable, this.#table) };
    }
  }

  #formOf(name: string): ReturnType<typeof columnForm> {
    return columnForm(this.#table.columns.find((column) => column.name === name)?.typeOid ?? 0);
  }

  #untold(what: string, offset: number): Doubt {
    const { schema, name } = this.#table;
    return {
      kind: 'untold',
      offset,
      message: `the stream does not tell ${what} for every change of ${schema}.${name}`,
    };
  }
}

function factReader(fact: 'op' | 'table', { schema, name }: Table): (change: Change) => string {
  const tableName = `${schema}.${name}`;
  return fact === 'op' ? (change) => change.kind : () => tableName;
}
