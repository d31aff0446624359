import type { KeyTemplate } from '../domain/key-template.ts';
import type { SqlTemplate } from '../domain/sql-template.ts';
import { listColumns } from '../sql/name-list.ts';
import { suggestName } from '../suggest/nearest-name.ts';
import { findPlaceholder } from './find-placeholder.ts';
import { ParseError } from './parse-error.ts';

/** What keeps a query from ever being asked about a key: `verify` knows nothing but the columns in it. */
export function unboundQuery(
  { source, columns }: SqlTemplate,
  keys: readonly KeyTemplate[],
): ParseError | undefined {
  if (keys.some((key) => columns.every((column) => key.columns.includes(column)))) return undefined;
  const known = [...new Set(keys.flatMap((key) => key.columns))];
  const lost = columns.find((column) => !known.includes(column));
  if (lost === undefined) {
    const message = `no key holds ${listColumns(columns)} together, so that none could be proved`;
    return new ParseError(message, 0, 'bind the columns of one key; the others are then not verified');
  }
  return new ParseError(
    `no key holds the column ${lost}, so that none could be proved`,
    findPlaceholder(source, lost),
    known.length === 0 ? 'put the column into the key' : suggestName(lost, known),
  );
}
