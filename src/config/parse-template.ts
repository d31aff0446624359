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

/** Refuses literal text that begins at the offset. @throws ParseError */
export type CheckText = (text: string, offset: number) => void;

/**
 * Reads text with `${column}` in it; its notation stands at parseKeyTemplate.
 * @throws ParseError
 */
export function parseTemplate(source: string, checkText: CheckText = () => {}): KeyTemplate {
  const parts = new TemplateReader(source, checkText).read();
  const columns = parts.flatMap((part) => (part.kind === 'column' ? [part.column] : []));
  return deepFreeze({ source, parts, columns: [...new Set(columns)] });
}

/** Everything up to the next `$`. */
const PLAIN_TEXT = /[^$]+/y;
const FILTER = /[\w-]*/y;
const SPACE = / */y;

class TemplateReader {
  readonly #source: string;
  readonly #checkText: CheckText;
  readonly #parts: TemplatePart[] = [];
  #offset = 0;
  #literal = '';

  constructor(source: string, checkText: CheckText) {
    this.#source = source;
    this.#checkText = checkText;
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
    this.#checkText(text, start);
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
