import type { KeyTemplate } from '../domain/key-template.ts';
import { ParseError } from './parse-error.ts';
import { parseTemplate } from './parse-template.ts';

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
  const template = parseTemplate(source, refuseControl);
  if (!template.parts.some((part) => part.kind === 'literal')) {
    const remedy = `begin it with the kind of key, such as product:${source}`;
    throw new ParseError(`${source} has no text of its own, so a TRUNCATE would purge every key`, 0, remedy);
  }
  return template;
}

function refuseControl(text: string, offset: number): void {
  const control = text.search(/\p{Cc}/u);
  if (control === -1) return;
  const remedy = 'write the template on one line, without | or > before it';
  throw new ParseError('a line break or control character in a key', offset + control, remedy);
}
