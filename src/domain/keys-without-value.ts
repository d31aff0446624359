import type { RuleAction } from './rule.ts';

/** Of these actions the keys are tags, patterns, or names in a message: the application stores nothing under them. */
export const KEYS_WITHOUT_VALUE: ReadonlySet<RuleAction['kind']> = new Set([
  'purgeTag',
  'purgePattern',
  'publish',
]);
