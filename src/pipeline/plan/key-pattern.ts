import type { KeyTemplate } from '../../domain/key-template.ts';

/** The characters that mean something in a Redis glob: https://redis.io/docs/latest/commands/keys/ */
const GLOB_CHARACTERS = /[*?[\\]/g;

/** The Redis glob pattern that every key of a template matches: `product:${id}` gives `product:*`. */
export function keyPattern(template: KeyTemplate): string {
  return template.parts
    .map((part) => (part.kind === 'literal' ? part.text.replace(GLOB_CHARACTERS, '\\$&') : '*'))
    .join('');
}
