import type { SqlTemplate } from '../domain/sql-template.ts';
import { deepFreeze } from './deep-freeze.ts';
import { ParseError } from './parse-error.ts';
import { readIdentifier } from './read-identifier.ts';

/** Strings, quoted identifiers, dollar-quoted strings and comments: no parameter can stand inside them. */
const OPAQUE = /'(?:[^']|'')*'|"(?:[^"]|"")*"|\$(\w*)\$[^]*?\$\1\$|--[^\n]*|\/\*[^]*?\*\//y;

/**
 * Reads a query with `${column}` in it: `SELECT id AS post_id FROM posts WHERE author_id = ${id}`.
 * @throws ParseError
 */
export function parseSqlTemplate(source: string): SqlTemplate {
  const texts: string[] = [];
  const parameters: string[] = [];
  let text = '';
  let offset = 0;
  while (offset < source.length) {
    OPAQUE.lastIndex = offset;
    const [opaque] = OPAQUE.exec(source) ?? [];
    if (opaque !== undefined) {
      refuseParameter(opaque, offset);
      text += opaque;
      offset += opaque.length;
    } else if (source.startsWith('${', offset)) {
      const end = readParameter(source, offset, parameters);
      texts.push(text);
      text = '';
      offset = end;
    } else {
      if (source[offset] === ';') throw new ParseError('more than one statement', offset, 'leave the ; out');
      text += source[offset];
      offset += 1;
    }
  }
  texts.push(text);
  if (!/^\s*(select|with|values|table)\b/i.test(source)) {
    throw new ParseError('not a query', 0, 'begin it with SELECT or WITH');
  }
  return deepFreeze({ source, texts, parameters, columns: [...new Set(parameters)] });
}

/** @returns where the text goes on */
function readParameter(source: string, start: number, parameters: string[]): number {
  const identifier = readIdentifier(source, start + 2);
  if (identifier === undefined || source[identifier.end] !== '}') {
    throw new ParseError('a ${ without a column and }', start, 'write ${id}; filters are for keys only');
  }
  parameters.push(identifier.name);
  return identifier.end + 1;
}

function refuseParameter(opaque: string, offset: number): void {
  const at = opaque.startsWith('-') || opaque.startsWith('/') ? -1 : opaque.indexOf('${');
  if (at === -1) return;
  throw new ParseError(
    'a parameter inside quotes',
    offset + at,
    'leave the quotes out: ${column} is bound as a value',
  );
}
