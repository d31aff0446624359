import type { KeyTemplate } from '../domain/key-template.ts';

/** The characters that mean something in a Redis glob: https://redis.io/docs/latest/commands/keys/ */
const GLOB_CHARACTERS = /[*?[\\]/g;

/** The Redis glob pattern that every key of a template matches: `product:${id}` gives `product:*`. */
export function keyPattern(template: KeyTemplate): string {
  return fill(template, escapeGlob);
}

/** The same for a template that is a pattern already: its own glob characters go on meaning what they mean. */
export function patternOfPattern(template: KeyTemplate): string {
  return fill(template, (text) => text);
}

/** Makes text match itself only. */
export function escapeGlob(text: string): string {
  return text.replace(GLOB_CHARACTERS, '\\$&');
}

function fill({ parts }: KeyTemplate, literal: (text: string) => string): string {
  return parts.map((part) => (part.kind === 'literal' ? literal(part.text) : '*')).join('');
}
