import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  type LineCounter,
  type Node,
  type Pair,
} from 'yaml';

/** Keys and indexes from a document's root to one of its values: `['spec', 'keys', 1]`. */
export type Path = readonly PropertyKey[];

/** Where the values of one YAML document stand in their file, as `file:line:column`. */
export class SourcePositions {
  readonly #document: Document;
  readonly #lines: LineCounter;
  readonly #file: string;
  readonly #text: string;

  constructor(document: Document, lines: LineCounter, file: string, text: string) {
    this.#document = document;
    this.#lines = lines;
    this.#file = file;
    this.#text = text;
  }

  /** The value at `path`; where there is none, the key of the innermost map that should have held it. */
  ofValue(path: Path): string {
    const node = this.#find(path);
    if (node !== undefined) return this.#at(node.range?.[0] ?? 0);
    return this.ofKey(path.slice(0, -1));
  }

  /** The key of the last step of `path`; a list's item or the root has none and gives its own position. */
  ofKey(path: Path): string {
    const parent = this.#find(path.slice(0, -1));
    const name = path.at(-1);
    const pair = isMap(parent) && name !== undefined ? findPair(parent.items, name) : undefined;
    if (pair !== undefined && isNode(pair.key)) return this.#at(pair.key.range?.[0] ?? 0);
    const node = this.#find(path);
    if (node !== undefined || path.length === 0) return this.#at(node?.range?.[0] ?? 0);
    return this.ofKey(path.slice(0, -1));
  }

  /** A character inside the string at `path`, or its first one where escapes moved the others. */
  ofCharacter(path: Path, offset: number): string {
    const node = this.#find(path);
    if (!isScalar(node) || typeof node.value !== 'string' || node.value === '' || !node.range)
      return this.ofValue(path);
    const [start, end] = node.range;
    const isBlock = node.type === 'BLOCK_LITERAL' || node.type === 'BLOCK_FOLDED';
    // The line of `|` or `>` may hold a comment.
    const begin = isBlock ? this.#text.indexOf('\n', start) + 1 : start;
    return this.#at(
      begin + (writtenOffset(this.#text.slice(begin, end), node.value, offset) ?? start - begin),
    );
  }

  #find(path: Path): Node | undefined {
    let node = this.#resolve(this.#document.contents);
    for (const step of path) {
      if (isMap(node)) node = this.#resolve(findPair(node.items, step)?.value);
      else if (isSeq(node) && typeof step === 'number') node = this.#resolve(node.items[step]);
      else return undefined;
    }
    return node;
  }

  #resolve(node: unknown): Node | undefined {
    if (isAlias(node)) return node.resolve(this.#document);
    return isNode(node) ? node : undefined;
  }

  #at(offset: number): string {
    return formatPosition(this.#file, this.#lines, offset);
  }
}

export function formatPosition(file: string, lines: LineCounter, offset: number): string {
  const { line, col } = lines.linePos(offset);
  return `${file}:${line}:${col}`;
}

/** `spec.keys[1]` */
export function formatPath(path: Path): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    return text === '' ? String(step) : `${text}.${String(step)}`;
  }, '');
}

/**
 * Where a character of a value stands in the text that it was written as. Indentation and folding move and alter white
 * space alone, so that other characters can be counted.
 * @returns undefined where escapes were written
 */
function writtenOffset(written: string, value: string, offset: number): number | undefined {
  const verbatim = written.indexOf(value);
  if (verbatim !== -1) return verbatim + offset;
  const quotes = /^['"]/.test(written) ? 1 : 0;
  if (!solid(written).startsWith(solid(value), quotes)) return undefined;
  let before = solid(value.slice(0, offset)).length + quotes;
  for (const { index } of written.matchAll(/\S/g)) {
    if (before === 0) return index;
    before -= 1;
  }
  return written.trimEnd().length;
}

function solid(text: string): string {
  return text.replaceAll(/\s/g, '');
}

/** The last one, whose value is the document's where a key is written twice. */
function findPair(pairs: readonly Pair[], name: PropertyKey): Pair | undefined {
  return pairs.findLast(({ key }) => String(isScalar(key) ? key.value : key) === String(name));
}
