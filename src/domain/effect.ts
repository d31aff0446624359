import type { FanOutAction } from './fan-out-action.ts';
import type { Lsn } from './lsn.ts';
import type { Expiry, FanOut, Reading, RuleAction } from './rule.ts';
import type { Version } from './version.ts';

declare const keyBrand: unique symbol;

/** A Redis key, built from a template and a row. */
export type CacheKey = string & { readonly [keyBrand]: true };

/** The key template of a rule that an effect comes from; one object a template, shared by all its effects. */
export interface Origin {
  readonly rule: string;
  /** The template as its author wrote it. */
  readonly template: string;
  /** Redis glob pattern that every key of the template matches. */
  readonly pattern: string;
}

/** What is written into a key. Removing is a write too: it must not be undone by an older one, nor undo a newer. */
export type Write =
  | { readonly op: 'remove' }
  | {
      readonly op: 'set';
      readonly value: string;
      readonly expiry: Expiry;
      /** As an entry of the lease protocol. */
      readonly asEntry?: true;
    }
  | {
      readonly op: 'hash';
      /** By field; null removes it. */
      readonly fields: ReadonlyMap<string, string | null>;
      /** All fields of the row are here. A part is written only into a hash that exists. */
      readonly isComplete: boolean;
      /** Whatever else the key holds goes: it was removed just before. */
      readonly replaces?: boolean;
      readonly expiry: Expiry;
    }
  | {
      readonly op: 'sortedSet';
      /** Score by member; null removes it. */
      readonly members: ReadonlyMap<string, string | null>;
      /** All members are here, and whatever else the key holds goes. A part is written only into a set that exists. */
      readonly isComplete: boolean;
      readonly expiry: Expiry;
    };

/** Where a rule of the action `publish` sends its messages. */
export type Destination = Extract<RuleAction, { kind: 'publish' }>;

/**
 * One key and what to do to it, every key of a pattern, or a message about either. With a version it is fenced: nothing
 * older is written afterwards, whoever tries, and nothing newer is removed. A rule that writes gives one to each of its
 * effects; one that only removes needs none, and gets it where it takes the place of a write.
 */
export type Effect =
  | {
      readonly kind: 'delete';
      readonly key: CacheKey;
      readonly origin: Origin;
      readonly version?: Version;
      /** Once more, so long after it was done. */
      readonly fillGraceMs?: number;
    }
  /**
   * Voids the lease of the key; its value may be served for `serveMs` more, never longer than it could be anyway. A key
   * with nothing to serve is removed. Like a delete it may be done again at any time: a value that was stored meanwhile
   * is only loaded once more.
   */
  | {
      readonly kind: 'stale';
      readonly key: CacheKey;
      readonly serveMs: number;
      readonly origin: Origin;
      readonly version?: Version;
    }
  /** Deletes the keys that are members of the Redis set, and the set. */
  | { readonly kind: 'purgeTag'; readonly key: CacheKey; readonly origin: Origin; readonly version?: Version }
  | {
      readonly kind: 'write';
      readonly key: CacheKey;
      readonly write: Write;
      readonly version: Version;
      readonly origin: Origin;
    }
  /** Reads the value of the key again, once the change is visible. */
  | {
      readonly kind: 'refresh';
      readonly key: CacheKey;
      readonly action: Reading;
      /** By the query's parameters. */
      readonly values: readonly (string | null)[];
      /** What a key that exists needs instead of being read; nothing can mend one that is to be removed. */
      readonly part?: Write;
      readonly version: Version;
      readonly origin: Origin;
    }
  /** Touches the keys that a query finds, once the change is visible. */
  | {
      readonly kind: 'fanOut';
      readonly fanOut: FanOut;
      /** By the query's parameters. */
      readonly values: readonly (string | null)[];
      /** Types of the parameters' columns. */
      readonly typeOids: readonly number[];
      readonly action: FanOutAction;
      readonly origin: Origin;
    }
  | {
      readonly kind: 'purge';
      readonly pattern: string;
      readonly of: 'keys' | 'tags';
      readonly origin: Origin;
      readonly version?: Version;
      /** LSN of the last commit that it stands for; known in a batch, where all that it stands for is of the stream. */
      readonly cause?: Lsn | undefined;
      /** Once more, so long after it was done. */
      readonly fillGraceMs?: number;
    }
  | {
      readonly kind: 'publish';
      /** The key or pattern that has changed. */
      readonly subject: { readonly key: CacheKey } | { readonly pattern: string };
      readonly to: Destination;
      readonly origin: Origin;
    };

/** What happens to a single key; of two `combineEffects` makes one. */
export type KeyEffect = Extract<Effect, { kind: 'delete' | 'purgeTag' | 'stale' | 'refresh' | 'write' }>;

/** A key that could not be built, because a column in it is NULL: nothing can be cached under it. */
export interface Skip {
  readonly kind: 'skip';
  readonly origin: Origin;
}
