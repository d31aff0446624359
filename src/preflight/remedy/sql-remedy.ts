import type { Finding } from '../../domain/finding.ts';
import type { Statement } from '../../domain/statement.ts';

/** Text is a comment, or SQL that an operator has to decide about; a statement may be run by `freshet setup --apply`. */
export type RemedyPart = string | Statement;

export type RemedyFields = Pick<Finding, 'remedy' | 'statements'>;

/** A finding's remedy as text to be pasted, and as data to be run. */
export function sqlRemedy(parts: readonly RemedyPart[]): RemedyFields {
  if (parts.length === 0) return {};
  const statements = parts.filter((part) => typeof part !== 'string');
  return { remedy: remedyText(parts), ...(statements.length === 0 ? {} : { statements }) };
}

export function remedyText(parts: readonly RemedyPart[]): string {
  return parts.map((part) => (typeof part === 'string' ? part : part.sql)).join('\n');
}
