import type { ChangeKind } from '../../domain/change.ts';
import type { Rule, RuleAction } from '../../domain/rule.ts';
import type { Table, TableName } from '../../domain/table.ts';

type RulesByKind = Readonly<Record<ChangeKind, readonly Rule[]>>;

const NO_RULES: readonly Rule[] = [];

/** Knows which rules a change concerns: by table, or for a leaf partition by its root, and by kind of change. */
export class RuleMatcher {
  readonly #rules: readonly Rule[];
  readonly #byTable = new Map<number, RulesByKind>();

  constructor(rules: readonly Rule[]) {
    this.#rules = rules;
  }

  /**
   * Takes note of a table of the stream under the name that rules know it by.
   * @param root the partitioned table at the top for a leaf partition, else the table itself
   * @returns the columns that the rules of the table read; undefined where no rule concerns it
   */
  bind(table: Table, root: TableName): ReadonlySet<string> | undefined {
    const rules = this.#rules.filter(
      ({ table: { schema, name } }) => schema === root.schema && name === root.name,
    );
    if (rules.length === 0) {
      this.#byTable.delete(table.oid);
      return undefined;
    }
    const of = (kind: ChangeKind) => rules.filter((rule) => rule.on.has(kind));
    this.#byTable.set(table.oid, {
      insert: of('insert'),
      update: of('update'),
      delete: of('delete'),
      truncate: of('truncate'),
    });
    return new Set(rules.flatMap((rule) => columnsOf(rule, table)));
  }

  match(table: Table, kind: ChangeKind): readonly Rule[] {
    return this.#byTable.get(table.oid)?.[kind] ?? NO_RULES;
  }
}

/** The columns whose values a rule needs: for its keys, and for what it writes. */
function columnsOf({ keys, action }: Rule, table: Table): readonly string[] {
  return [...keys.flatMap((key) => key.columns), ...writtenColumns(action, table)];
}

function writtenColumns(action: RuleAction, table: Table): readonly string[] {
  if (action.kind !== 'set' && action.kind !== 'hash') return [];
  if (action.kind === 'set' && action.template !== undefined) return action.template.columns;
  return action.columns ?? table.columns.map(({ name }) => name);
}
