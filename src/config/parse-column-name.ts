import { ParseError } from './parse-error.ts';
import { readIdentifier } from './read-identifier.ts';

/** Reads a column name written as in SQL: `price`, `"Unit Price"`. @throws ParseError */
export function parseColumnName(source: string): string {
  const identifier = readIdentifier(source, 0);
  if (identifier === undefined || identifier.end < source.length) {
    const remedy = 'write it as in SQL: price, or "Unit Price" with quotes where SQL needs them';
    throw new ParseError(`not a column name: ${JSON.stringify(source)}`, identifier?.end ?? 0, remedy);
  }
  return identifier.name;
}
