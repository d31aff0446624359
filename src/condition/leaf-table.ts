import { toVariable } from './cel-rewrite.ts';
import type { Absence, Changed, ColumnRead, Fact, Leaf, Presence, RowImage } from './expression.ts';
import type { CelNode } from './parse-cel.ts';

/** Makes the leaves of a condition: each turns its node into a variable of the library, and is kept once. */
export class LeafTable {
  readonly #byVariable = new Map<string, Leaf>();

  all(): readonly Leaf[] {
    return [...this.#byVariable.values()];
  }

  column(cel: CelNode, offset: number, image: RowImage, column: string): ColumnRead {
    return this.#add({ kind: 'column', offset, cel, image, column, variable: `${image}.${column}` });
  }

  presence(cel: CelNode, offset: number, image: RowImage, column: string): Presence {
    return this.#add({ kind: 'present', offset, cel, image, column, variable: `has(${image}.${column})` });
  }

  changed(cel: CelNode, offset: number, columns: readonly string[]): Changed {
    return this.#add({
      kind: 'changed',
      offset,
      cel,
      columns,
      variable: `changed(${JSON.stringify(columns)})`,
    });
  }

  absence(cel: CelNode, offset: number, image: RowImage): Absence {
    return this.#add({ kind: 'absent', offset, cel, image, variable: `${image} == null` });
  }

  fact(cel: CelNode, offset: number, variable: Fact['variable']): Fact {
    return this.#add({ kind: 'fact', offset, cel, variable });
  }

  #add<T extends Leaf>(leaf: T): T {
    toVariable(leaf.cel, leaf.variable);
    if (!this.#byVariable.has(leaf.variable)) this.#byVariable.set(leaf.variable, leaf);
    return leaf;
  }
}
