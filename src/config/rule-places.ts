import type { RulePart } from '../domain/rule.ts';
import { findPlaceholder } from './find-placeholder.ts';
import type { Path, SourcePositions } from './source-positions.ts';

/** Where the parts of a rule, as its parsers made them, stand in its document. */
export class RulePlaces {
  readonly #paths = new Map<RulePart, Path>();
  /** Columns that stand alone, such as those of `hash.columns`. */
  readonly #columns = new Map<string, Path>();
  readonly #positions: SourcePositions;

  /** @param spec of a rule document, parsed */
  constructor(spec: object, positions: SourcePositions) {
    this.#positions = positions;
    this.#collect(spec, ['spec']);
  }

  /** The character at `offset` of a part; where it is not the document's, the document. */
  at(part: RulePart, offset: number): string {
    const path = this.#paths.get(part);
    return path === undefined ? this.#positions.ofValue([]) : this.#positions.ofCharacter(path, offset);
  }

  /** Where a column is named first; only one that is named nowhere else stands in the condition, as a whole. */
  ofColumn(column: string): string {
    let condition: Path = [];
    for (const [part, path] of this.#paths) {
      if ('check' in part) {
        if (part.columns.includes(column)) condition = path;
        continue;
      }
      const offset = findPlaceholder(part.source, column);
      if (offset !== -1) return this.#positions.ofCharacter(path, offset);
    }
    return this.#positions.ofValue(this.#columns.get(column) ?? condition);
  }

  #collect(value: unknown, path: Path): void {
    if (typeof value === 'string') {
      if (COLUMN_FIELDS.test(path.slice(1).join('.')) && !this.#columns.has(value))
        this.#columns.set(value, path);
      return;
    }
    if (isPart(value)) this.#paths.set(value, path);
    else if (typeof value === 'object' && value !== null)
      for (const [name, inner] of Object.entries(value))
        this.#collect(inner, [...path, Array.isArray(value) ? Number(name) : name]);
  }
}

const COLUMN_FIELDS = /^(?:(?:set|hash)\.columns\.\d+|sortedSet\.score|counter\.sum)$/;

function isPart(value: unknown): value is RulePart {
  return typeof value === 'object' && value !== null && 'source' in value && 'columns' in value;
}
