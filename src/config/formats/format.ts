/** How one kind of setting is written: text of the environment or a YAML value in, a typed value out. */
export interface Format<T> {
  /** Completes "expected ...", with an example where that helps: `a duration such as 10s`. */
  readonly expected: string;
  /** Returns undefined when `raw` is not of this format; never coerces something near it. */
  readonly parse: (raw: unknown) => T | undefined;
  /** What may have gone wrong with a value that did not parse. It must not repeat the value: it may be secret. */
  readonly hint?: (raw: unknown) => string | undefined;
}
