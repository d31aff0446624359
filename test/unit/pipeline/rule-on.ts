import { parseRules } from '../../../src/config/load-rules.ts';
import type { ChangeKind } from '../../../src/domain/change.ts';
import type { Rule } from '../../../src/domain/rule.ts';

/** A rule as its author would write it. */
export function ruleOn(
  table: string,
  keys: readonly string[],
  { name = 'product', on }: { name?: string; on?: readonly ChangeKind[] } = {},
): Rule {
  // JSON is YAML.
  const document = {
    apiVersion: 'freshet.dev/v1',
    kind: 'CacheRule',
    metadata: { name },
    spec: { table, keys, ...(on === undefined ? {} : { on }) },
  };
  const [rule] = parseRules(JSON.stringify(document), 'rules.yaml');
  if (rule === undefined) throw new Error('no rule was parsed');
  return rule;
}
