import type { Origin } from '../domain/effect.ts';
import type { KeyTemplate } from '../domain/key-template.ts';
import type { Rule } from '../domain/rule.ts';
import { keyPattern, patternOfPattern } from './key-pattern.ts';

/** Where the effects of a rule's template come from. */
export function originOf({ name, action }: Rule, template: KeyTemplate): Origin {
  const pattern = action.kind === 'purgePattern' ? patternOfPattern(template) : keyPattern(template);
  return { rule: name, template: template.source, pattern };
}
