import { formatTableName, quoteIdentifier, type TableName } from '../domain/table.ts';
import { ParseError } from './parse-error.ts';
import { type Identifier, readIdentifier } from './read-identifier.ts';

/**
 * Reads a schema-qualified table name written as in SQL: `public.products`, `"Shop"."Item"`.
 * @throws ParseError for anything else, an unqualified name too
 */
export function parseTableName(source: string): TableName {
  const schema = expectIdentifier(source, 0);
  if (schema.end === source.length) {
    const remedy = `write ${formatTableName({ schema: 'public', name: schema.name })}`;
    throw new ParseError(`${quoteIdentifier(schema.name)} has no schema`, 0, remedy);
  }
  const table = expectIdentifier(source, expectDot(source, schema.end));
  if (source[table.end] === '.') {
    const message = `${JSON.stringify(source)} has more than two names`;
    throw new ParseError(message, table.end, 'write schema.table, without the database');
  }
  if (table.end < source.length) throw unexpected(source, table.end);
  return { schema: schema.name, name: table.name };
}

function expectDot(source: string, offset: number): number {
  if (source[offset] !== '.') throw unexpected(source, offset);
  return offset + 1;
}

function expectIdentifier(source: string, offset: number): Identifier {
  const identifier = readIdentifier(source, offset);
  if (identifier === undefined) throw unexpected(source, offset);
  return identifier;
}

function unexpected(source: string, offset: number): ParseError {
  const found = offset < source.length ? `unexpected ${JSON.stringify(source[offset])}` : 'a name is missing';
  return new ParseError(
    `${found} in the table name ${JSON.stringify(source)}`,
    offset,
    'write schema.table as in SQL: public.products, or "Shop"."Item" with quotes where SQL needs them',
  );
}
