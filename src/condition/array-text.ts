/** The items of an array in Postgres' text form; nested arrays come as nested lists. */
export type ArrayItem = string | null | readonly ArrayItem[];

/** `[0:1]=` before an array whose first index is not 1. */
const BOUNDS = /^(?:\[[+-]?\d+:[+-]?\d+\])+=/;

/**
 * Reads `{1,NULL,"a \"b\""}`: https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO
 * @throws SyntaxError without the text, which is a value of a row
 */
export function readArray(text: string): readonly ArrayItem[] {
  let position = BOUNDS.exec(text)?.[0].length ?? 0;
  const items = readItems();
  if (position !== text.length) throw malformed();
  return items;

  function readItems(): readonly ArrayItem[] {
    if (text[position++] !== '{') throw malformed();
    const read: ArrayItem[] = [];
    if (text[position] === '}') {
      position += 1;
      return read;
    }
    for (;;) {
      read.push(readItem());
      const next = text[position++];
      if (next === '}') return read;
      if (next !== ',') throw malformed();
    }
  }

  function readItem(): ArrayItem {
    if (text[position] === '{') return readItems();
    if (text[position] === '"') return readQuoted();
    const start = position;
    while (position < text.length && text[position] !== ',' && text[position] !== '}') position += 1;
    const item = text.slice(start, position);
    return item === 'NULL' ? null : item;
  }

  function readQuoted(): string {
    let item = '';
    for (position += 1; text[position] !== '"'; position += 1) {
      if (text[position] === '\\') position += 1;
      const character = text[position];
      if (character === undefined) throw malformed();
      item += character;
    }
    position += 1;
    return item;
  }
}

function malformed(): SyntaxError {
  return new SyntaxError('an array in a form that is not known');
}
