import { ParseError } from '../config/parse-error.ts';
import { parseTableName } from '../config/parse-table-name.ts';
import type { TableName } from '../domain/table.ts';
import { DDL_MESSAGE_VERSION } from './ddl-capture-sql.ts';
import { DDL_PREFIX, PURGE_PREFIX } from './message-prefixes.ts';
import type { DdlEvent, DdlTable, MigrationMessage, PurgeOrder } from './migration-message.ts';

/** Not what this side of the message expects; its text holds nothing of the content. */
class UnreadableError extends Error {
  override readonly name = 'UnreadableError';
}

/**
 * Reads a logical message. Anyone may send one, so nothing about the content is taken for granted.
 * @returns undefined under any prefix that is not Freshet's; never throws
 */
export function parseMigrationMessage(prefix: string, content: Buffer): MigrationMessage | undefined {
  try {
    switch (prefix) {
      case DDL_PREFIX:
        return { kind: 'ddl', event: readEvent(readJson(content)) };
      case PURGE_PREFIX:
        return { kind: 'purge', order: readOrder(content) };
      default:
        return undefined;
    }
  } catch (error) {
    if (error instanceof UnreadableError) return { kind: 'unreadable', prefix, reason: error.message };
    throw error;
  }
}

function readEvent(value: unknown): DdlEvent {
  const event = asRecord(value, 'the event');
  if (event['v'] !== DDL_MESSAGE_VERSION)
    throw new UnreadableError(`it is not of version ${DDL_MESSAGE_VERSION}: run \`freshet setup --ddl\``);
  return {
    tag: asText(event['tag'], 'tag'),
    tables: asList(event['tables'], 'tables').map(readTable),
    schemas: asList(event['schemas'], 'schemas').map((each) => {
      const { oid, name } = asRecord(each, 'a schema');
      return { oid: asOid(oid), name: asText(name, 'name') };
    }),
    publications: asList(event['publications'], 'publications').map((name) => asText(name, 'a publication')),
  };
}

function readTable(value: unknown): DdlTable {
  const { change, oid, schema, name, above = [], shape, sameAs } = asRecord(value, 'a table');
  if (change !== 'created' && change !== 'altered' && change !== 'dropped')
    throw new UnreadableError('change is none of created, altered and dropped');
  return {
    change,
    oid: asOid(oid),
    schema: asText(schema, 'schema'),
    name: asText(name, 'name'),
    above: asList(above, 'above').map(readPair),
    shape: shape === undefined ? undefined : asText(shape, 'shape'),
    sameAs: sameAs === undefined ? undefined : asText(sameAs, 'sameAs'),
  };
}

function readPair(value: unknown): TableName {
  const [schema, name] = asList(value, 'a table above');
  return { schema: asText(schema, 'schema'), name: asText(name, 'name') };
}

/** A typing error must not purge everything, nor nothing without a word: one known field at most. */
function readOrder(content: Buffer): PurgeOrder {
  if (content.length === 0) return { kind: 'all' };
  const order = asRecord(readJson(content), 'the order');
  const [field, ...more] = Object.keys(order);
  if (field === undefined) return { kind: 'all' };
  if (more.length > 0) throw new UnreadableError('it has more than one field');
  if (field === 'rule') return { kind: 'rule', rule: asText(order[field], 'rule') };
  if (field !== 'table') throw new UnreadableError('its field is neither table nor rule');
  return { kind: 'table', table: readTableName(asText(order[field], 'table')) };
}

function readTableName(source: string): TableName {
  try {
    return parseTableName(source);
  } catch (error) {
    if (error instanceof ParseError)
      throw new UnreadableError('table is not a name with its schema, as in SQL: public.users');
    throw error;
  }
}

function readJson(content: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(content));
  } catch {
    throw new UnreadableError('it is not JSON');
  }
}

function asRecord(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new UnreadableError(`${what} is not an object`);
  return { ...value };
}

function asList(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new UnreadableError(`${what} is not a list`);
  return value;
}

function asText(value: unknown, what: string): string {
  if (typeof value !== 'string' || value === '') throw new UnreadableError(`${what} is not a text`);
  return value;
}

function asOid(value: unknown): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value <= 0 || value > 0xffff_ffff)
    throw new UnreadableError('oid is not an object identifier');
  return value;
}
