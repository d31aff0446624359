import {
  FILTER_NAMES,
  type FilterName,
  type KeyTemplate,
  type TemplatePart,
} from '../domain/key-template.ts';
import { suggestName } from '../suggest/nearest-name.ts';
import { deepFreeze } from './deep-freeze.ts';
import { ParseError } from './parse-error.ts';
import { readIdentifier } from './read-identifier.ts';

/**
 * Reads a key template:
 *
 *     product:${id}              a column, folded to lower case as SQL folds unquoted names
 *     item:${"Item Id"}          a column whose name SQL would quote
 *     user:${email|trim|lower}   filters, applied from left to right
 *     {user:${id}}:profile       braces alone are literal, as Redis Cluster's hash tags need them
 *     price:$${id}               $$ is one literal $: the key is `price:${id}` itself
 *
 * A template of columns alone is refused: on TRUNCATE the pattern of its keys would be every key in Redis.
 * @throws ParseError
 */
export function parseKeyTemplate(source: string): KeyTemplate {
  if (source === '') throw new ParseError('an empty key template', 0);
  const parts = new TemplateReader(source).read();
  if (!parts.some((part) => part.kind === 'literal')) {
    const remedy = `begin it with the kind of key, such as product:${source}`;
    throw new ParseError(`${source} has no text of its own, so a TRUNCATE would purge every key`, 0, remedy);
  }
  const columns = parts.flatMap((part) => (part.kind === 'column' ? [part.column] : []));
  return deepFreeze({ source, parts, columns: [...new Set(columns)] });
}

/** Everything up to the next `$`. */
const PLAIN_TEXT = /[^$]+/y;
const FILTER = /[\w-]*/y;
const SPACE = / */y;

class TemplateReader {
  readonly #source: string;
  readonly #parts: TemplatePart[] = [];
  #offset = 0;
  #literal = '';

  constructor(source: string) {
    this.#source = source;
  }

  read(): readonly TemplatePart[] {
    while (this.#offset < this.#source.length) {
      if (this.#source.startsWith('${', this.#offset)) this.#readColumn();
      else this.#readLiteral();
    }
    this.#endLiteral();
    return this.#parts;
  }

  #readLiteral(): void {
    const start = this.#offset;
    const text = this.#take(PLAIN_TEXT);
    const control = text.search(/\p{Cc}/u);
    if (control !== -1) {
      const remedy = 'write the template on one line, without | or > before it';
      throw new ParseError('a line break or control character in a key', start + control, remedy);
    }
    if (text === '') {
      this.#offset += this.#source.startsWith('$$', start) ? 2 : 1;
      this.#literal += '$';
    }
    this.#literal += text;
  }

  #readColumn(): void {
    this.#endLiteral();
    const start = this.#offset;
    this.#offset += 2;
    this.#take(SPACE);
    const identifier = readIdentifier(this.#source, this.#offset);
    if (identifier === undefined) throw this.#notAColumn(start);
    this.#offset = identifier.end;
    const filters: FilterName[] = [];
    this.#take(SPACE);
    while (this.#source[this.#offset] === '|') {
      this.#offset += 1;
      this.#take(SPACE);
      filters.push(this.#readFilter());
      this.#take(SPACE);
    }
    if (this.#source[this.#offset] !== '}') throw this.#notClosed(start);
    this.#offset += 1;
    this.#parts.push({ kind: 'column', column: identifier.name, filters });
  }

  #readFilter(): FilterName {
    const start = this.#offset;
    const name = this.#take(FILTER);
    const filter = FILTER_NAMES.find((known) => known === name);
    if (filter !== undefined) return filter;
    const message = name === '' ? 'a filter is missing after |' : `unknown filter ${name}`;
    throw new ParseError(message, start, suggestName(name, FILTER_NAMES));
  }

  #endLiteral(): void {
    if (this.#literal !== '') this.#parts.push({ kind: 'literal', text: this.#literal });
    this.#literal = '';
  }

  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#offset;
    const [text = ''] = pattern.exec(this.#source) ?? [];
    this.#offset += text.length;
    return text;
  }

  #notAColumn(start: number): ParseError {
    const remedy = 'write ${column}, with quotes where SQL needs them: ${"Item Id"}; $$ is a literal $';
    if (this.#source.indexOf('}', start) === -1) return this.#notClosed(start);
    return new ParseError('no column name after ${', this.#offset, remedy);
  }

  #notClosed(start: number): ParseError {
    if (this.#source.indexOf('}', this.#offset) === -1) {
      return new ParseError('a ${ that is never closed', start, 'close it with }; $$ is a literal $');
    }
    const found = JSON.stringify(this.#source[this.#offset]);
    const remedy = `after a column comes } or | and a filter; a column's name in quotes: \${"Item Id"}`;
    return new ParseError(`unexpected ${found} in a column`, this.#offset, remedy);
  }
}
