import { styleText } from 'node:util';
import type { Effect, Skip } from '../src/domain/effect.ts';
import { describeEffect } from '../src/explain/describe-effect.ts';
import { wordEffect } from '../src/explain/word-effect.ts';

/** One effect as a line for people; in yellow what stands for many keys. */
export function plannedLine(planned: Effect | Skip): string {
  const colour = planned.kind === 'purge' ? 'yellow' : 'green';
  return describeEffect(wordEffect(planned), (subject) => styleText(colour, subject));
}
