import { formatTableName } from '../domain/table.ts';
import type { DiffContext } from './diff-context.ts';
import { diffPublication } from './diff-publication.ts';
import { diffTable } from './diff-table.ts';
import type { Fingerprint } from './fingerprint.ts';
import type { FingerprintChange } from './fingerprint-change.ts';

/**
 * What happened between two looks at the catalog, the publication first. Tables that are in one only are passed over:
 * that was a change of the rules. What was done and undone in between goes unseen, unless it left a trace, as a
 * publication, a table or a column that was made anew does.
 */
export function diffFingerprints(
  before: Fingerprint,
  after: Fingerprint,
  columnsOf: DiffContext['columnsOf'],
): readonly FingerprintChange[] {
  const publication = diffPublication(before, after);
  const known = new Map(before.tables.map((table) => [formatTableName(table), table]));
  const context = {
    columnsOf,
    publication: after.publication?.name,
    isPublicationNews: publication.some(({ kind }) => kind !== 'publication-altered'),
  };
  const tables = after.tables.flatMap((table) => {
    const old = known.get(formatTableName(table));
    return old === undefined ? [] : diffTable(old, table, context);
  });
  return [...publication, ...tables];
}
