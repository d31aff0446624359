import type { Rule } from './rule.ts';

/** Equal for two rules that do the same; where they are written is no part of it. */
export function ruleSignature({ where: _where, whenAt: _whenAt, on, when, ...rest }: Rule): string {
  return JSON.stringify({ ...rest, on: [...on].toSorted(), when: when?.source });
}

/** The rules that are new or do something else than the one of the same name did. */
export function changedRules(before: readonly Rule[], after: readonly Rule[]): readonly Rule[] {
  const known = new Set(before.map(ruleSignature));
  return after.filter((rule) => !known.has(ruleSignature(rule)));
}
