import type { SqlTemplate } from '../domain/sql-template.ts';

/** A parameter as refreshQuery and fanOutQuery write it, and as its author did. */
const SENT = String.raw`(\$\d+|\(freshet_row\.p\d+::(?:[^()]|\([^()]*\))*\))`;
const WRITTEN = String.raw`(\$\{(?:"(?:[^"]|"")*"|[^"}]*)\})`;

/**
 * Where a place in a statement stands in the query that it was made of.
 * @param position in characters, from 1, as Postgres counts; 0 where it does not tell
 * @returns undefined for what its author did not write
 */
export function offsetInQuery(
  template: SqlTemplate,
  statement: string,
  position: number,
): number | undefined {
  if (position < 1) return undefined;
  const sent = piecesOf(template, SENT, statement);
  const written = piecesOf(template, WRITTEN, template.source);
  const place = Array.from(statement)
    .slice(0, position - 1)
    .join('').length;
  const index = sent.findIndex(({ start, end }) => place >= start && place < end);
  const [piece, own] = [sent[index], written[index]];
  if (piece === undefined || own === undefined) return undefined;
  // Of a parameter its beginning: the two are not as long.
  return index % 2 === 1 ? own.start : own.start + place - piece.start;
}

interface Piece {
  readonly start: number;
  readonly end: number;
}

/** Texts and parameters in turn. */
function piecesOf({ texts }: SqlTemplate, parameter: string, sql: string): readonly Piece[] {
  const pattern = new RegExp(texts.map((text) => `(${RegExp.escape(text)})`).join(parameter), 'd');
  const [, ...pieces] = pattern.exec(sql)?.indices ?? [];
  return pieces.map(([start, end] = [0, 0]) => ({ start, end }));
}
