import type { ChangeKind } from './change.ts';
import type { KeyTemplate } from './key-template.ts';
import type { TableName } from './table.ts';

/** How long a value that Freshet writes lives: `ttlMs`, longer or shorter by up to the share `jitter`. */
export interface Expiry {
  readonly ttlMs: number;
  /** 0 to 0.5; keys that were written together must not expire together. */
  readonly jitter: number;
}

/** What happens to a key that a change touches; exactly one a rule. */
export type RuleAction =
  | { readonly kind: 'delete' }
  /** The row as a JSON object of these columns (undefined: all), or as a text. */
  | {
      readonly kind: 'set';
      readonly columns: readonly string[] | undefined;
      readonly template: KeyTemplate | undefined;
      readonly expiry: Expiry;
    }
  /** A field a column; of an update only those that changed. */
  | {
      readonly kind: 'hash';
      readonly columns: readonly string[] | undefined;
      /** What a NULL becomes: no field, or an empty one. */
      readonly nulls: 'remove' | 'empty';
      readonly expiry: Expiry;
    }
  /** Tells others that the key has changed: on a channel of Redis Pub/Sub, or in a stream of about `maxLength` entries. */
  | { readonly kind: 'publish'; readonly to: 'channel'; readonly name: string }
  | { readonly kind: 'publish'; readonly to: 'stream'; readonly name: string; readonly maxLength: number }
  /** The keys are Redis sets; what is deleted is the keys that they hold, and the sets. */
  | { readonly kind: 'purgeTag' }
  /** The keys are glob patterns of the keys to delete. */
  | { readonly kind: 'purgePattern' };

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
