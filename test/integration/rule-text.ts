/** A rule document as a test writes it. */
export interface TestRule {
  readonly name: string;
  /** As in SQL: `public.products`. */
  readonly table: string;
  readonly keys: readonly string[];
  readonly on?: readonly string[];
}

/**
 * YAML documents of these rules.
 * @param keyPrefix put before each key template
 */
export function ruleText(keyPrefix: string, rules: readonly TestRule[]): string {
  return rules
    .map(({ name, table, keys, on }) => ({
      apiVersion: 'freshet.dev/v1',
      kind: 'CacheRule',
      metadata: { name },
      spec: { table, keys: keys.map((key) => keyPrefix + key), ...(on === undefined ? {} : { on }) },
    }))
    .map((document) => JSON.stringify(document)) // JSON is YAML.
    .join('\n---\n');
}
