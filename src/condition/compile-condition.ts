import type { Change } from '../domain/change.ts';
import type { ChangesAsked, Condition, ConditionProblem, Verdict } from '../domain/condition.ts';
import type { Table } from '../domain/table.ts';
import { bindExpression } from './bind-expression.ts';
import { ConditionError } from './condition-error.ts';
import type { Expression, Leaf } from './expression.ts';
import { parseCel } from './parse-cel.ts';
import { readExpression } from './read-expression.ts';
import { checkTypes } from './type-checker.ts';

const HOLDS: Verdict = Object.freeze({ holds: true });
const FAILS: Verdict = Object.freeze({ holds: false });

/**
 * Reads a condition: CEL with `row`, `old`, `op`, `table` and `changed`, as README.md beside this file describes it.
 * @throws ConditionError for what no table could make sense of: syntax, an unknown name, a result that is no truth value
 */
export function compileCondition(source: string): Condition {
  const { root, leaves } = readExpression(parseCel(source));
  const [problem] = checkTypes(root);
  if (problem !== undefined) throw new ConditionError(problem);
  return new CompiledCondition(source, root, leaves);
}

class CompiledCondition implements Condition {
  readonly source: string;
  readonly columns: readonly string[];
  readonly oldColumns: readonly string[];
  readonly #root: Expression;
  readonly #leaves: readonly Leaf[];

  constructor(source: string, root: Expression, leaves: readonly Leaf[]) {
    this.source = source;
    this.#root = root;
    this.#leaves = leaves;
    this.columns = distinctColumns(leaves);
    this.oldColumns = distinctColumns(leaves.filter(needsOldRow));
  }

  check(asked: ChangesAsked): readonly ConditionProblem[] {
    return checkTypes(this.#root, asked);
  }

  bind(table: Table): (change: Change) => Verdict {
    const test = bindExpression(this.#root, this.#leaves, table);
    const doubtful = new Map<object, Verdict>();
    return (change) => {
      // A truncate has no row to ask about.
      if (change.kind === 'truncate') return HOLDS;
      const answer = test(change);
      if (typeof answer === 'boolean') return answer ? HOLDS : FAILS;
      let verdict = doubtful.get(answer);
      if (verdict === undefined) doubtful.set(answer, (verdict = { holds: true, doubt: answer }));
      return verdict;
    };
  }
}

function needsOldRow(leaf: Leaf): boolean {
  return leaf.kind === 'changed' || ('image' in leaf && leaf.image === 'old');
}

function distinctColumns(leaves: readonly Leaf[]): readonly string[] {
  const names = leaves.flatMap((leaf) => {
    if (leaf.kind === 'changed') return leaf.columns;
    return leaf.kind === 'column' || leaf.kind === 'present' ? leaf.column : [];
  });
  return [...new Set(names)];
}
