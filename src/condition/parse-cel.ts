import { parse } from '@bufbuild/cel';
import { ConditionError } from './condition-error.ts';

/** A node of the library's syntax tree; a plain object, which `readExpression` alters in place. */
export type CelNode = ReturnType<typeof parse>['expr'];

export interface ParsedCel {
  readonly root: CelNode;
  /** Characters before a node; 0 for the few that the parser makes up. */
  offsetOf(node: CelNode): number;
}

/** What people write who come from SQL or Python. */
const HABITS: readonly (readonly [pattern: RegExp, remedy: string])[] = [
  [/^\s*<>/, 'write != for "is not equal"'],
  [/^\s*=(?!=)/, 'write == to compare'],
  [/^\s*(?:and|or|not)\b/i, 'write && for and, || for or, ! for not'],
  [/^\s*(?:is)\b/i, 'write row.column == null, or != null'],
  [/^\s*\.?`/, "write row['Item Id'] for a column whose name SQL would quote"],
];

/** @throws ConditionError */
export function parseCel(source: string): ParsedCel {
  if (source.trim() === '') throw new ConditionError({ message: 'an empty condition', offset: 0 });
  try {
    const { expr, sourceInfo } = parse(source);
    const positions = sourceInfo?.positions ?? {};
    return { root: expr, offsetOf: (node) => skipSpace(source, positions[String(node.id)] ?? 0) };
  } catch (error) {
    throw syntaxError(source, error);
  }
}

/** The parser counts the spaces before an operator as part of it. */
function skipSpace(source: string, position: number): number {
  const rest = source.slice(position);
  return position + rest.length - rest.trimStart().length;
}

function syntaxError(source: string, cause: unknown): ConditionError {
  const offset = skipSpace(source, reportedPosition(cause));
  const rest = source.slice(offset);
  const remedy = HABITS.find(([pattern]) => pattern.test(rest))?.[1];
  const message = rest.trim() === '' ? 'the condition ends too early' : `not CEL from ${excerpt(rest)} on`;
  return new ConditionError({ message, offset, ...(remedy !== undefined && { remedy }) }, { cause });
}

function reportedPosition(error: unknown): number {
  const location: unknown = error instanceof Error && 'location' in error ? error.location : undefined;
  const { start } = (location ?? {}) as { readonly start?: { readonly offset?: number } };
  return start?.offset ?? 0;
}

function excerpt(text: string): string {
  const characters = Array.from(text.trim());
  return JSON.stringify(
    characters.length > 24 ? `${characters.slice(0, 23).join('')}…` : characters.join(''),
  );
}
