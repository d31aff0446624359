import { ParseError } from './parse-error.ts';

/** An SQL identifier found in a text: the name as the catalog stores it, and where the text goes on. */
export interface Identifier {
  readonly name: string;
  readonly end: number;
}

const UNQUOTED = /[A-Za-z_\u0080-\u{10ffff}][A-Za-z0-9_$\u0080-\u{10ffff}]*/uy;
const QUOTED = /"((?:[^"\0]|"")*)"/uy;
const MAX_NAME_BYTES = 63;

/**
 * Reads the identifier that begins at `start` as Postgres would: unquoted folds to lower case, `""` in quotes is one
 * quote. Postgres cuts longer names with a mere notice; here they are an error.
 * https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS
 * @returns undefined where no identifier begins
 * @throws ParseError for one that never ends, is empty or too long
 */
export function readIdentifier(text: string, start: number): Identifier | undefined {
  const quoted = text[start] === '"';
  const pattern = quoted ? QUOTED : UNQUOTED;
  pattern.lastIndex = start;
  const match = pattern.exec(text);
  if (match === null) {
    if (quoted) throw new ParseError('a " that is never closed', start);
    return undefined;
  }
  const [written, inQuotes] = match;
  const name =
    inQuotes === undefined
      ? written.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase())
      : inQuotes.replaceAll('""', '"');
  if (name === '') throw new ParseError('an empty name', start);
  if (Buffer.byteLength(name) > MAX_NAME_BYTES) {
    throw new ParseError(`a name longer than the ${MAX_NAME_BYTES} bytes that Postgres keeps`, start);
  }
  return { name, end: start + written.length };
}
