import type { WordedEffect } from './worded-effect.ts';

/** An effect as a fixture has it: `{set: product:7, value: ...}`. */
export function writeEffect({ word, subject, details }: WordedEffect): object {
  return { [word]: subject, ...details };
}
