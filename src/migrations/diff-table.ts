import { formatTableName } from '../domain/table.ts';
import { listNames, listTables } from '../sql/name-list.ts';
import { type DiffContext, holdsRows, tableChange } from './diff-context.ts';
import { diffIdentity } from './diff-identity.ts';
import { diffMembers } from './diff-members.ts';
import { diffPublished } from './diff-published.ts';
import type { TableFingerprint } from './fingerprint.ts';
import type { FingerprintChange } from './fingerprint-change.ts';

/** Every change of one table that rules name, and of what is below it. */
export function diffTable(
  before: TableFingerprint,
  after: TableFingerprint,
  context: DiffContext,
): readonly FingerprintChange[] {
  if (after.oid === null) return before.oid === null ? [] : [missing(after)];
  return [
    ...(before.oid === after.oid ? diffValues(before, after) : [replaced(before, after)]),
    ...vanishedColumns(before, after, context),
    ...diffIdentity(before, after, context),
    ...diffPublished(before, after, context),
  ];
}

/** The values and the rows of a table that is still the same one. */
function diffValues(before: TableFingerprint, after: TableFingerprint): readonly FingerprintChange[] {
  const columns = diffColumns(before, after);
  return [
    ...columns,
    ...diffTypes(before, after),
    ...diffMembers(before, after, columns.length > 0),
    ...addedMembers(before, after),
    ...removedMembers(before, after),
  ];
}

function missing(table: TableFingerprint): FingerprintChange {
  const subject = formatTableName(table);
  const message = 'does not exist any more: it was dropped, renamed or moved, and its rules are idle';
  return {
    ...tableChange('table-missing', table, message),
    alarm: { code: 'TABLE_MISSING', severity: 'error', subject, message },
  };
}

/** Again, because it may have come into the publication while transactions had it open. */
function replaced(before: TableFingerprint, after: TableFingerprint): FingerprintChange {
  const change =
    before.oid === null
      ? tableChange('table-appeared', after, 'exists now')
      : tableChange('table-replaced', after, 'is another table: it was dropped and created anew, or swapped');
  return { ...change, purge: 'again' };
}

function diffColumns(before: TableFingerprint, after: TableFingerprint): readonly FingerprintChange[] {
  const names = new Set([...Object.keys(before.columns), ...Object.keys(after.columns)]);
  const changed = [...names].filter((name) => before.columns[name] !== after.columns[name]).toSorted();
  if (changed.length === 0) return [];
  const what = `columns were added, dropped, renamed or got another type: ${listNames(changed)}`;
  return [tableChange('columns', after, what)];
}

function diffTypes(before: TableFingerprint, after: TableFingerprint): readonly FingerprintChange[] {
  if (before.types === after.types) return [];
  return [tableChange('types', after, 'a label or an attribute of a type that its columns have was changed')];
}

function vanishedColumns(
  before: TableFingerprint,
  after: TableFingerprint,
  { columnsOf }: DiffContext,
): readonly FingerprintChange[] {
  const vanished = [...columnsOf(after).named]
    .filter((name) => before.columns[name] !== undefined && after.columns[name] === undefined)
    .toSorted();
  if (vanished.length === 0) return [];
  const subject = formatTableName(after);
  const message = `lacks columns that its rules read: ${listNames(vanished)}; mend the rules`;
  const alarm = { code: 'COLUMN_MISSING', severity: 'error', subject, message } as const;
  return [{ ...tableChange('columns', after, message), alarm }];
}

function addedMembers(before: TableFingerprint, after: TableFingerprint): readonly FingerprintChange[] {
  const known = new Set(before.members.map(({ oid }) => oid));
  const added = after.members.filter(
    (member) => !known.has(member.oid) && holdsRows(member) && member.mayHaveRows !== false,
  );
  if (added.length === 0) return [];
  return [
    tableChange('partition-added', after, `${listTables(added)} came to it, and may have brought rows along`),
  ];
}

function removedMembers(before: TableFingerprint, after: TableFingerprint): readonly FingerprintChange[] {
  const present = new Set(after.members.map(({ oid }) => oid));
  const removed = before.members.filter((member) => !present.has(member.oid) && holdsRows(member));
  if (removed.length === 0) return [];
  return [tableChange('partition-removed', after, `${listTables(removed)} left it, with all rows`)];
}
