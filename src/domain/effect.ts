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

/** One key and what to do to it, or every key of a template where the single keys cannot be told. */
export type Effect =
  | { readonly kind: 'delete'; readonly key: CacheKey; readonly origin: Origin }
  | { readonly kind: 'purge'; readonly origin: Origin };

/** A key that could not be built, because a column in it is NULL: nothing can be cached under it. */
export interface Skip {
  readonly kind: 'skip';
  readonly origin: Origin;
}
