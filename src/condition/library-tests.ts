import { type CelInput, type CelResult, celEnv, celError, plan } from '@bufbuild/cel';
import type { Change } from '../domain/change.ts';
import type { Doubt } from '../domain/condition.ts';
import type { Table } from '../domain/table.ts';
import { toCelValue } from './cel-value.ts';
import { columnForm } from './column-type.ts';
import type { Expression, Leaf } from './expression.ts';
import { changedReaderOf, readerOf } from './row-reader.ts';
import type { Test } from './test-answer.ts';

/** What a variable of the library is for the change at hand; undefined where the stream does not tell. */
type ReadVariable = (change: Change) => CelInput | undefined;

const ENVIRONMENT = celEnv();
const UNTOLD = celError('untold');

/** The parts of a condition that the library evaluates. Only the columns that an evaluation comes to are converted. */
export class LibraryTests {
  readonly #table: Table;
  /** An object with a getter for each variable, as the library looks them up by name. */
  readonly #variables: Record<string, CelInput>;
  #change: Change | undefined;
  /** A variable that the evaluation wanted was not told. */
  #isUntold = false;

  constructor(leaves: readonly Leaf[], table: Table) {
    this.#table = table;
    const getters = leaves.map((leaf) => {
      const read = variableReader(leaf, table);
      return [leaf.variable, { get: () => this.#valueOf(read) }] as const;
    });
    this.#variables = Object.defineProperties(Object.create(null), Object.fromEntries(getters));
  }

  test(node: Expression): Test {
    const evaluate = plan(ENVIRONMENT, node.cel);
    const { offset } = node;
    const { schema, name } = this.#table;
    const untold: Doubt = {
      kind: 'untold',
      offset,
      message: `the stream does not tell what this needs for every change of ${schema}.${name}`,
    };
    const failed: Doubt = { kind: 'failed', offset, message: 'this cannot be computed for every row' };
    return (change) => {
      this.#change = change;
      this.#isUntold = false;
      const result = evaluate(this.#variables);
      if (typeof result === 'boolean') return result;
      return this.#isUntold ? untold : failed;
    };
  }

  #valueOf(read: ReadVariable): CelResult | CelInput {
    if (this.#change === undefined) return UNTOLD;
    try {
      const value = read(this.#change);
      if (value !== undefined) return value;
      this.#isUntold = true;
      return UNTOLD;
    } catch (error) {
      return celError(error);
    }
  }
}

function variableReader(leaf: Leaf, table: Table): ReadVariable {
  switch (leaf.kind) {
    case 'column': {
      const form = columnForm(table.columns.find(({ name }) => name === leaf.column)?.typeOid ?? 0);
      const read = readerOf(table, leaf.image, leaf.column);
      return (change) => {
        const text = read(change);
        return typeof text === 'string' ? toCelValue(form, text) : text;
      };
    }
    case 'present': {
      const read = readerOf(table, leaf.image, leaf.column);
      return (change) => {
        const text = read(change);
        return text === undefined ? undefined : text !== null;
      };
    }
    case 'changed':
      return changedReaderOf(table, leaf.columns);
    case 'absent':
      return (change) => leaf.image === 'old' && change.kind === 'insert';
    case 'fact': {
      const tableName = `${table.schema}.${table.name}`;
      return leaf.variable === 'op' ? (change) => change.kind : () => tableName;
    }
  }
}
