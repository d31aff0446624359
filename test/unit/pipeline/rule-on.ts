import { parseRules } from '../../../src/config/load-rules.ts';
import type { ChangeKind } from '../../../src/domain/change.ts';
import type { Rule } from '../../../src/domain/rule.ts';

/** What else a rule says: its name, and fields of `spec`. */
interface Said {
  readonly name?: string;
  readonly on?: readonly ChangeKind[];
  readonly [field: string]: unknown;
}

/** A rule as its author would write it. */
export function ruleOn(
  table: string,
  keys: readonly (string | object)[],
  { name = 'product', ...spec }: Said = {},
): Rule {
  // JSON is YAML.
  const document = {
    apiVersion: 'freshet.dev/v1',
    kind: 'CacheRule',
    metadata: { name },
    spec: { table, keys, ...spec },
  };
  const [rule] = parseRules(JSON.stringify(document), 'rules.yaml');
  if (rule === undefined) throw new Error('no rule was parsed');
  return rule;
}
