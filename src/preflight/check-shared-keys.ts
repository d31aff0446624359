import type { Finding } from '../domain/finding.ts';
import type { Rule, RuleAction } from '../domain/rule.ts';
import { keyPattern } from '../template/key-pattern.ts';
import type { RuledTable } from './ruled-table.ts';

/** A template of a rule. */
interface SharedKey {
  readonly rule: Rule;
  readonly template: string;
}

/** Messages leave the key alone; the keys of patterns and tags are none of the application's. */
const TOUCHES_NO_KEY: ReadonlySet<RuleAction['kind']> = new Set(['publish', 'purgePattern', 'purgeTag']);

/**
 * Whether two rules that store values, or one and another that deletes, are about the same keys, whatever the columns
 * are called. What such a key holds depends on which change came last. (Parts of a hash add up, and may share a key.)
 */
export function checkSharedKeys(tables: readonly RuledTable[]): readonly Finding[] {
  const shared = tables
    .flatMap(({ rules }) => rules)
    .filter(({ mode, action }) => mode === 'live' && !TOUCHES_NO_KEY.has(action.kind))
    .flatMap((rule) => rule.keys.map((key) => ({ rule, template: key.source, pattern: keyPattern(key) })));
  return [...Map.groupBy(shared, ({ pattern }) => pattern).values()].flatMap(checkGroup);
}

function checkGroup([first, ...others]: readonly SharedKey[]): readonly Finding[] {
  if (first === undefined) return [];
  const other = others.find(({ rule: { name, action } }) => {
    const { kind } = first.rule.action;
    return name !== first.rule.name && (action.kind !== kind || kind === 'set');
  });
  if (other === undefined) return [];
  const { rule, template } = first;
  const deletes = [first, other].some((each) => each.rule.action.kind === 'delete');
  return [
    {
      code: 'KEY_OF_TWO_RULES',
      severity: 'warning',
      subject: `rule ${rule.name}`,
      message: `has the action ${rule.action.kind} for ${template}, and rule ${other.rule.name} ${other.rule.action.kind} for the same keys (${other.rule.where}): ${deletes ? 'a change of both deletes the key, and what is stored there depends on which came last' : 'each replaces what the other stored'}; give them different keys`,
    },
  ];
}
