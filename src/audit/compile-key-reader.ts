import type { KeyTemplate, TemplatePart } from '../domain/key-template.ts';

/** The text of each column of the template; undefined where the key is not one of it. */
export type ReadKey = (key: string) => ReadonlyMap<string, string> | Ambiguous | undefined;

/** `a:b:c` could be of `${x}:${y}` in two ways. */
export type Ambiguous = 'ambiguous';

/**
 * The way back from a key to the columns that it was built from.
 * @returns undefined where there is none: a filter such as `lower` or `sha256` loses what it was given
 */
export function compileKeyReader({ parts }: KeyTemplate): ReadKey | undefined {
  const columns = parts.filter((part) => part.kind === 'column');
  if (columns.some(({ filters }) => filters.some((filter) => filter !== 'urlencode'))) return undefined;
  // The splits with the shortest and with the longest first column; where they agree there is no other.
  const shortest = splitter(parts, '([^]*?)');
  const longest = splitter(parts, '([^]*)');
  return (key) => {
    const texts = shortest.exec(key)?.slice(1);
    if (texts === undefined) return undefined;
    if (!sameTexts(texts, longest.exec(key)?.slice(1))) return 'ambiguous';
    const found = new Map<string, string>();
    for (const [index, { column, filters }] of columns.entries()) {
      const text = filters.reduce<string | undefined>(decoded, texts[index]);
      if (text === undefined || (found.get(column) ?? text) !== text) return undefined;
      found.set(column, text);
    }
    return found;
  };
}

/** Matches the keys of a template. @param column what each of its columns may be */
export function splitter(parts: readonly TemplatePart[], column: string): RegExp {
  const body = parts.map((part) => (part.kind === 'literal' ? RegExp.escape(part.text) : column)).join('');
  return new RegExp(`^${body}$`);
}

function sameTexts(some: readonly string[], others: readonly string[] | undefined): boolean {
  return others !== undefined && some.every((text, index) => text === others[index]);
}

/** Undefined for what nothing encodes to: the key is somebody else's. */
function decoded(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  try {
    const plain = decodeURIComponent(text);
    return encodeURIComponent(plain) === text ? plain : undefined;
  } catch {
    return undefined;
  }
}
