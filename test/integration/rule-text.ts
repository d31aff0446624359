/** Keys that a query finds. */
export interface TestFanOut {
  readonly each: string;
  readonly key: string;
  readonly maxRows?: number;
}

/** A rule document as a test writes it: its name, and the fields of `spec`. */
export interface TestRule {
  readonly name: string;
  /** As in SQL: `public.products`. */
  readonly table: string;
  readonly keys: readonly (string | TestFanOut)[];
  readonly on?: readonly string[];
  readonly [field: string]: unknown;
}

/**
 * YAML documents of these rules.
 * @param keyPrefix put before each key template
 */
export function ruleText(keyPrefix: string, rules: readonly TestRule[]): string {
  return rules
    .map(({ name, keys, ...spec }) => ({
      apiVersion: 'freshet.dev/v1',
      kind: 'CacheRule',
      metadata: { name },
      spec: {
        ...spec,
        keys: keys.map((key) =>
          typeof key === 'string' ? keyPrefix + key : { ...key, key: keyPrefix + key.key },
        ),
      },
    }))
    .map((document) => JSON.stringify(document)) // JSON is YAML.
    .join('\n---\n');
}
