import type { Effect } from '../../domain/effect.ts';
import { effectOnAll } from '../../domain/effect-on-all.ts';
import type { Rule } from '../../domain/rule.ts';
import type { Version } from '../../domain/version.ts';
import { originOf } from '../../template/origin-of.ts';

/**
 * The effects on every key of a rule, where no row says which: after a migration, for a rule that is new.
 * @param version of the change, where there is one
 */
export function planPurge(rule: Rule, version?: () => Version): readonly Effect[] {
  const templates = [...rule.keys, ...rule.fanOuts.map(({ key }) => key)];
  return templates.map((template) => effectOnAll(rule.action, originOf(rule, template), version));
}
