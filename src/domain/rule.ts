import type { ChangeKind } from './change.ts';
import type { KeyTemplate } from './key-template.ts';
import type { TableName } from './table.ts';

/** What happens to a key that a change touches; exactly one a rule. */
export type RuleAction = { readonly kind: 'delete' };

/** A validated rule document: which changes of one table touch which keys, and how. */
export interface Rule {
  readonly name: string;
  readonly table: TableName;
  readonly on: ReadonlySet<ChangeKind>;
  readonly keys: readonly KeyTemplate[];
  readonly action: RuleAction;
  /** `rules/product.yaml:3:1`, for messages. */
  readonly where: string;
}
