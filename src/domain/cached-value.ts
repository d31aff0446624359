/** What a key holds, as it was read in one step. */
export type CachedValue =
  | { readonly kind: 'absent' }
  /** An entry of the lease protocol, marked stale or past its time: readers know that it is old. */
  | { readonly kind: 'marked'; readonly ttlMs: number | undefined }
  /** A string, or the value of an entry; null where the entry says that there is none. */
  | { readonly kind: 'text'; readonly text: string | null; readonly ttlMs: number | undefined }
  | {
      readonly kind: 'hash';
      readonly fields: ReadonlyMap<string, string>;
      readonly ttlMs: number | undefined;
    }
  /** Score by member. */
  | {
      readonly kind: 'sortedSet';
      readonly members: ReadonlyMap<string, string>;
      readonly ttlMs: number | undefined;
    }
  | { readonly kind: 'foreign'; readonly type: string; readonly ttlMs: number | undefined };
