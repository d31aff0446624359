import type { ChangeKind } from './change.ts';
import type { Condition } from './condition.ts';
import type { KeyTemplate } from './key-template.ts';
import type { SqlTemplate } from './sql-template.ts';
import type { TableName } from './table.ts';

/** How long a value that Freshet writes lives: `ttlMs`, longer or shorter by up to the share `jitter`. */
export interface Expiry {
  readonly ttlMs: number;
  /** 0 to 0.5; keys that were written together must not expire together. */
  readonly jitter: number;
}

/**
 * What a query's result becomes: its first row as a JSON object or as a hash, all rows as a JSON array, or the only
 * column of the first row as text.
 */
export const RESULT_SHAPES = ['json', 'rows', 'hash', 'string'] as const;
export type ResultShape = (typeof RESULT_SHAPES)[number];

/** The first row of the result fills a template. */
export interface TextShape {
  readonly template: KeyTemplate;
}

/** Each row of the result is a member of a sorted set: the columns of the member in their order, then the score. */
export interface MembersShape {
  readonly member: KeyTemplate;
}

/** How the value of a key is read, once the change is visible. */
export interface Reading {
  readonly query: SqlTemplate;
  readonly as: ResultShape | TextShape | MembersShape;
  /** Also where the key does not exist. */
  readonly always: boolean;
  readonly expiry: Expiry;
  /** Stored as an entry of the lease protocol, for readers with the client; else plain. */
  readonly asEntry?: true;
}

/** Keys that a query finds from the changed row: those of the posts of an author. */
export interface FanOut {
  readonly each: SqlTemplate;
  /** Filled from the query's result. */
  readonly key: KeyTemplate;
  /** Rows that one batch of changes may find; beyond it every key of the template is concerned. */
  readonly maxRows: number;
}

/** What happens to a key that a change touches; exactly one a rule. */
export type RuleAction =
  | {
      readonly kind: 'delete';
      /**
       * Deleted once more after so long: for readers without leases, one of which may have read the old row before the
       * change and store it after the delete.
       */
      readonly fillGraceMs?: number;
    }
  /** Readers with leases may be served the old value for so long at most, while one of them loads the new one. */
  | { readonly kind: 'stale'; readonly serveMs: number }
  /** The row as a JSON object of these columns (undefined: all), or as a text. */
  | {
      readonly kind: 'set';
      readonly columns: readonly string[] | undefined;
      readonly template: KeyTemplate | undefined;
      readonly expiry: Expiry;
      /** Stored as an entry of the lease protocol, for readers with the client; else plain. */
      readonly asEntry?: true;
    }
  /** A field a column; of an update only those that changed. */
  | {
      readonly kind: 'hash';
      readonly columns: readonly string[] | undefined;
      /** What a NULL becomes: no field, or an empty one. */
      readonly nulls: 'remove' | 'empty';
      readonly expiry: Expiry;
    }
  /** The key is read again once the change is visible, by default only where it is cached. */
  | (Reading & { readonly kind: 'refresh'; readonly as: ResultShape | TextShape })
  /** A member of a sorted set a row; with `always` a set that does not exist is built whole. */
  | {
      readonly kind: 'sortedSet';
      readonly member: KeyTemplate;
      /** A column of a number; NULL is no member. */
      readonly score: string;
      readonly always: boolean;
      readonly expiry: Expiry;
    }
  /** How many rows of the table belong to the key, or what a column of theirs adds up to; counted anew. */
  | {
      readonly kind: 'counter';
      readonly sum: string | undefined;
      /** Also where the key does not exist. */
      readonly always: boolean;
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
  readonly fanOuts: readonly FanOut[];
  /** A shadow rule is evaluated and counted beside the live ones, and touches nothing. */
  readonly mode: 'live' | 'shadow';
  /** Transactions that it leaves alone: bulk imports whose keys nobody has cached, or whose writer cares for them. */
  readonly ignore: {
    /** Names of replication origins. */
    readonly origins: readonly string[];
    /** Labels that a transaction gave itself: `pg_logical_emit_message(true, 'freshet.label', 'import')`. */
    readonly labels: readonly string[];
  };
  /** Which changes it is about, but for TRUNCATE; undefined is all. */
  readonly when: Condition | undefined;
  readonly action: RuleAction;
  /**
   * Changed rows, of one transaction or of all that wait to be applied, beyond which all keys of the rule are purged
   * instead of single ones.
   */
  readonly massChange: number;
  /** What a key must hold, for who wants to prove it; undefined where the action has a query of its own, or none. */
  readonly verify: { readonly query: SqlTemplate; readonly as: ResultShape } | undefined;
  /** `rules/product.yaml:3:1`, for messages. */
  readonly where: string;
  /** Where a part of it stands, or a character of that: `rules/product.yaml:9:12`. */
  readonly at: (part: RulePart, offset?: number) => string;
  /** Where a column is named first. */
  readonly columnAt: (column: string) => string;
}

/** A part of a rule that has a notation of its own. */
export type RulePart = Condition | KeyTemplate | SqlTemplate;
