import { readIdentifier } from './read-identifier.ts';

/** Where `${column}` begins in a template or a query that its parser has taken; -1 where it does not occur. */
export function findPlaceholder(source: string, column: string): number {
  for (const { 0: found, index } of source.matchAll(/\$\$|\$\{ */g)) {
    if (found === '$$') continue;
    if (readIdentifier(source, index + found.length)?.name === column) return index;
  }
  return -1;
}
