import type { SqlTemplate } from '../domain/sql-template.ts';
import { deepFreeze } from './deep-freeze.ts';
import { ParseError } from './parse-error.ts';
import { readIdentifier } from './read-identifier.ts';

/** https://www.postgresql.org/docs/current/sql-syntax-lexical.html: what may hold a `$` or a `;` that means nothing. */
const QUOTED =
  /[eE]'(?:[^'\\]|\\[^]|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|\$(|[A-Za-z_\x80-\uffff][\w\x80-\uffff]*)\$[^]*?\$\1\$/y;
const LINE_COMMENT = /--[^\n]*/y;
/** As a whole, so that the `e` at the end of `date'...'` begins no string, and `a$b$` no quote. */
const WORD = /[A-Za-z_\x80-\uffff][\w$\x80-\uffff]*|\d[\w.]*/y;
/** https://www.postgresql.org/docs/current/sql-select.html#SQL-FOR-UPDATE-SHARE */
const LOCK = /for\s+(?:(?:no\s+key\s+)?update|(?:key\s+)?share)\b/iy;
const QUERY = /^(?:\s|--[^\n]*\n|\()*(?:select|with|values|table)\b/i;

/**
 * Reads a query with `${column}` in it: `SELECT id AS post_id FROM posts WHERE author_id = ${id}`.
 * @throws ParseError
 */
export function parseSqlTemplate(source: string): SqlTemplate {
  if (!QUERY.test(source)) throw new ParseError('not a query', 0, 'begin it with SELECT or WITH');
  const { texts, parameters } = new SqlReader(source).read();
  return deepFreeze({ source, texts, parameters, columns: [...new Set(parameters)] });
}

class SqlReader {
  readonly #source: string;
  readonly #texts: string[] = [];
  readonly #parameters: string[] = [];
  #text = '';
  #offset = 0;
  /** Where the parentheses that are open began: the query will stand in a pair of them, and must not end that. */
  readonly #open: number[] = [];

  constructor(source: string) {
    this.#source = source;
  }

  read(): Pick<SqlTemplate, 'texts' | 'parameters'> {
    while (this.#offset < this.#source.length) {
      const start = this.#offset;
      if (this.#source.startsWith('${', start)) this.#readParameter();
      else if (this.#take(QUOTED)) refuseParameter(this.#source.slice(start, this.#offset), start);
      else if (this.#source.startsWith('/*', start)) this.#takeComment();
      else if (!this.#take(LINE_COMMENT) && !this.#takeWord()) this.#takeCharacter();
    }
    const unclosed = this.#open.at(-1);
    if (unclosed !== undefined) throw new ParseError('a ( that is never closed', unclosed);
    this.#texts.push(this.#text);
    return { texts: this.#texts, parameters: this.#parameters };
  }

  #readParameter(): void {
    const start = this.#offset;
    const identifier = readIdentifier(this.#source, start + 2);
    if (identifier === undefined || this.#source[identifier.end] !== '}')
      throw new ParseError('a ${ without a column and }', start, 'write ${id}; filters are for keys only');
    this.#parameters.push(identifier.name);
    this.#texts.push(this.#text);
    this.#text = '';
    this.#offset = identifier.end + 1;
  }

  #take(pattern: RegExp): boolean {
    pattern.lastIndex = this.#offset;
    const [found] = pattern.exec(this.#source) ?? [];
    if (found === undefined) return false;
    this.#takeText(found.length);
    return true;
  }

  #takeWord(): boolean {
    LOCK.lastIndex = this.#offset;
    const [lock] = LOCK.exec(this.#source) ?? [];
    if (lock !== undefined)
      throw new ParseError(
        `${lock} locks rows of the application`,
        this.#offset,
        'leave it out: the query only reads',
      );
    return this.#take(WORD);
  }

  /** Postgres nests them. */
  #takeComment(): void {
    const start = this.#offset;
    const ends = /\/\*|\*\//g;
    ends.lastIndex = start;
    let depth = 0;
    do {
      const mark = ends.exec(this.#source);
      if (mark === null) throw new ParseError('a comment that is never closed', start);
      depth += mark[0] === '/*' ? 1 : -1;
    } while (depth > 0);
    this.#takeText(ends.lastIndex - start);
  }

  #takeCharacter(): void {
    const character = this.#source[this.#offset] ?? '';
    if (character === ';') throw new ParseError('more than one statement', this.#offset, 'leave the ; out');
    if (character === '$')
      throw new ParseError('a $ that is no parameter', this.#offset, 'write ${id} for the value of a column');
    if (character === "'" || character === '"')
      throw new ParseError(`a ${character} that is never closed`, this.#offset);
    if (character === '(') this.#open.push(this.#offset);
    if (character === ')' && this.#open.pop() === undefined)
      throw new ParseError('a ) that was never opened', this.#offset);
    this.#takeText(1);
  }

  #takeText(length: number): void {
    this.#text += this.#source.slice(this.#offset, this.#offset + length);
    this.#offset += length;
  }
}

function refuseParameter(quoted: string, offset: number): void {
  const at = quoted.indexOf('${');
  if (at === -1) return;
  throw new ParseError(
    'a parameter inside quotes',
    offset + at,
    'leave the quotes out: ${column} is bound as a value',
  );
}
