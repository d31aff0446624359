import type { Rule } from './rule.ts';

/** How long and how much, wherever in a rule: another number makes no key wrong that was right. */
const LIMITS: ReadonlySet<string> = new Set(['expiry', 'serveMs', 'fillGraceMs', 'maxRows', 'maxLength']);

/**
 * Equal for two rules that keep the same keys right, by the same changes and in the same form. Its name, where it is
 * written and its limits are no part of it.
 */
export function ruleSignature({ table, on, when, keys, fanOuts, ignore, action }: Rule): string {
  const parts = { table, on: [...on].toSorted(), when: when?.source, keys, fanOuts, ignore, action };
  return JSON.stringify(parts, (name, value) => (LIMITS.has(name) ? undefined : value));
}
