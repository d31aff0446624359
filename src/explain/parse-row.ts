import { ConfigError } from '../domain/errors.ts';
import type { NamedRow } from './explain-change.ts';
import { parseExactJson } from './parse-exact-json.ts';
import { readWrittenValue } from './written-value.ts';

/**
 * Reads a row written as a JSON object. Numbers keep every digit (`9007199254740993` stays exact), booleans become
 * Postgres' `t` and `f`, objects and arrays stay JSON.
 * @param where the flag that the text came from, for the message
 * @throws ConfigError when it is not an object
 */
export function parseRow(text: string, where: string): NamedRow {
  let parsed: unknown;
  try {
    parsed = parseExactJson(text);
  } catch (error) {
    const message = `is not JSON: ${error instanceof Error ? error.message : 'unreadable'}`;
    throw new ConfigError([{ where, message, remedy: EXAMPLE }], { cause: error });
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed) || JSON.isRawJSON(parsed)) {
    throw new ConfigError([{ where, message: 'is not a JSON object', remedy: EXAMPLE }]);
  }
  return new Map(
    Object.entries(parsed).map(([column, value]: [string, unknown]) => [column, readWrittenValue(value)]),
  );
}

const EXAMPLE = `write a row as a JSON object: '{"id": 7, "name": "Tea"}'`;
