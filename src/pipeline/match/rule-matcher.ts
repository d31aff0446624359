import type { Change, ChangeKind } from '../../domain/change.ts';
import type { Doubt, Verdict } from '../../domain/condition.ts';
import type { Rule } from '../../domain/rule.ts';
import { columnsRead, columnsWritten } from '../../domain/rule-columns.ts';
import type { Table, TableName } from '../../domain/table.ts';

/** A rule with its condition bound to one version of a table. */
interface BoundRule {
  readonly rule: Rule;
  readonly judge: ((change: Change) => Verdict) | undefined;
}

type RulesByKind = Readonly<Record<ChangeKind, readonly BoundRule[]>>;

const NO_RULES: readonly BoundRule[] = [];

/** Told of every change to which a rule was applied only because its condition could not be decided. */
export type OnDoubt = (rule: Rule, doubt: Doubt) => void;

/** Knows which rules a change concerns: by table, or for a leaf partition by its root, by kind and by condition. */
export class RuleMatcher {
  readonly #rules: readonly Rule[];
  readonly #onDoubt: OnDoubt;
  readonly #byTable = new Map<number, RulesByKind>();

  constructor(rules: readonly Rule[], onDoubt: OnDoubt) {
    this.#rules = rules;
    this.#onDoubt = onDoubt;
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
    const bound = rules.map((rule) => ({ rule, judge: rule.when?.bind(table) }));
    const of = (kind: ChangeKind) => bound.filter(({ rule }) => rule.on.has(kind));
    this.#byTable.set(table.oid, {
      insert: of('insert'),
      update: of('update'),
      delete: of('delete'),
      truncate: of('truncate'),
    });
    return new Set(rules.flatMap((rule) => columnsOf(rule, table)));
  }

  /** Hands each rule that the change concerns to `onMatch`. */
  match(change: Change, onMatch: (rule: Rule) => void): void {
    for (const { rule, judge } of this.#byTable.get(change.table.oid)?.[change.kind] ?? NO_RULES) {
      const verdict = judge?.(change);
      if (verdict?.doubt !== undefined) this.#onDoubt(rule, verdict.doubt);
      if (verdict?.holds !== false) onMatch(rule);
    }
  }
}

/** What a rule reads of a row; of one that it writes whole, all that the table has. */
function columnsOf(rule: Rule, table: Table): readonly string[] {
  const whole = columnsWritten(rule.action) === undefined ? table.columns : [];
  return [...columnsRead(rule), ...whole.map(({ name }) => name)];
}
