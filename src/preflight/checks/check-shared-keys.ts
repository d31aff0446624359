import type { Finding } from '../../domain/finding.ts';
import { KEYS_WITHOUT_VALUE } from '../../domain/keys-without-value.ts';
import type { Rule, RuleAction } from '../../domain/rule.ts';
import { keyPattern } from '../../template/key-pattern.ts';
import type { RuledTable } from '../facts/ruled-table.ts';

/** A template of a rule. */
interface SharedKey {
  readonly rule: Rule;
  readonly template: string;
}

/** These store nothing. */
const REMOVES: ReadonlySet<RuleAction['kind']> = new Set(['delete', 'stale']);

/**
 * Whether two rules that store values, or one and another that deletes or marks stale, are about the same keys,
 * whatever the columns are called. What such a key holds depends on which change came last. (Parts of a hash add up,
 * and may share a key.)
 */
export function checkSharedKeys(tables: readonly RuledTable[]): readonly Finding[] {
  const shared = tables
    .flatMap(({ rules }) => rules)
    .filter(({ mode, action }) => mode === 'live' && !KEYS_WITHOUT_VALUE.has(action.kind))
    .flatMap((rule) => rule.keys.map((key) => ({ rule, template: key.source, pattern: keyPattern(key) })));
  return [...Map.groupBy(shared, ({ pattern }) => pattern).values()].flatMap(checkGroup);
}

function checkGroup([first, ...others]: readonly SharedKey[]): readonly Finding[] {
  if (first === undefined) return [];
  const other = others.find(
    ({ rule }) => rule.name !== first.rule.name && isConflict(first.rule.action, rule.action),
  );
  if (other === undefined) return [];
  const { rule, template } = first;
  const removes = [first, other].some((each) => REMOVES.has(each.rule.action.kind));
  return [
    {
      code: 'KEY_OF_TWO_RULES',
      severity: 'warning',
      subject: `rule ${rule.name}`,
      message: `has the action ${nameOf(rule.action)} for ${template}, and rule ${other.rule.name} ${nameOf(other.rule.action)} for the same keys (${other.rule.where}): ${removes ? 'a change of both deletes the key, and what is stored there depends on which came last' : 'each replaces what the other stored'}; give them different keys`,
    },
  ];
}

function isConflict(one: RuleAction, other: RuleAction): boolean {
  if (REMOVES.has(one.kind) && REMOVES.has(other.kind)) return false;
  return one.kind === 'set' || nameOf(one) !== nameOf(other);
}

/** With the form of what it stores: a reader understands one of the two. */
function nameOf(action: RuleAction): string {
  return 'asEntry' in action && action.asEntry ? `${action.kind} (format: freshet)` : action.kind;
}
