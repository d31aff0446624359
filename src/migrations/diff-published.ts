import { formatTableName, quoteIdentifier } from '../domain/table.ts';
import { listTables } from '../sql/name-list.ts';
import { addTablesSql } from '../sql/setup-sql.ts';
import { type DiffContext, holdsRows, isMaterializedView, tableChange } from './diff-context.ts';
import type { MemberFingerprint, TableFingerprint } from './fingerprint.ts';
import type { FingerprintChange } from './fingerprint-change.ts';

/** Tables that went out of the publication or came into it, in whole or in part. */
export function diffPublished(
  before: TableFingerprint,
  after: TableFingerprint,
  { publication, isPublicationNews }: DiffContext,
): readonly FingerprintChange[] {
  if (publication === undefined || isPublicationNews || isMaterializedView(after)) return [];
  const known = new Map(before.members.map((member) => [member.oid, member]));
  const members = after.members.filter(holdsRows).map((now) => ({ now, old: known.get(now.oid) }));
  const select = (condition: (now: MemberFingerprint, old: MemberFingerprint | undefined) => boolean) =>
    members.filter(({ now, old }) => condition(now, old)).map(({ now }) => now);
  const out = select((now, old) => now.published === null && old?.published !== null);
  const back = select((now, old) => old !== undefined && wasAway(old.published, now.published));
  const narrowed = select((now, old) => now.narrowed !== null && now.narrowed !== old?.narrowed);
  const widened = select((now, old) => now.narrowed === null && old !== undefined && old.narrowed !== null);
  return [
    ...(out.length > 0 ? [unpublished(after, out, publication)] : []),
    ...(back.length > 0 ? [published(after, back, publication)] : []),
    ...(narrowed.length > 0 ? [narrower(after, narrowed, publication)] : []),
    ...(widened.length > 0 ? [wider(after, widened, publication)] : []),
  ];
}

/** It is in the publication, and none of the entries that held it before is still the same. */
function wasAway(before: string | null, now: string | null): boolean {
  if (now === null) return false;
  const entries = new Set(before?.split(','));
  return !now.split(',').some((entry) => entries.has(entry));
}

function unpublished(
  table: TableFingerprint,
  out: readonly MemberFingerprint[],
  publication: string,
): FingerprintChange {
  const message = `publication ${publication} does not hold ${listTables(out)}: its changes pass unseen`;
  return {
    ...tableChange('unpublished', table, message),
    alarm: {
      code: 'PUBLICATION_LACKS_TABLE',
      severity: 'error',
      subject: formatTableName(table),
      message,
      remedy: addTablesSql(publication, [table]),
    },
  };
}

/** Again: rows that an open transaction wrote before it came in are lost, though the commit comes after. */
function published(
  table: TableFingerprint,
  back: readonly MemberFingerprint[],
  publication: string,
): FingerprintChange {
  const what = `publication ${publication} holds ${listTables(back)} since a moment ago: what changed before is lost`;
  return { ...tableChange('published', table, what), purge: 'again' };
}

function narrower(
  table: TableFingerprint,
  narrowed: readonly MemberFingerprint[],
  publication: string,
): FingerprintChange {
  const name = formatTableName(table);
  const message = `publication ${publication} narrows ${listTables(narrowed)} by a row filter or a column list: what that leaves out changes unseen`;
  const alter = `ALTER PUBLICATION ${quoteIdentifier(publication)}`;
  return {
    ...tableChange('narrowed', table, message),
    purge: 'again',
    alarm: {
      code: 'PUBLICATION_NARROWED',
      severity: 'error',
      subject: name,
      message,
      remedy: `BEGIN;\n${alter} DROP TABLE ${name};\n${alter} ADD TABLE ${name};\nCOMMIT;`,
    },
  };
}

function wider(
  table: TableFingerprint,
  widened: readonly MemberFingerprint[],
  publication: string,
): FingerprintChange {
  const what = `publication ${publication} sends all of ${listTables(widened)} again: what was left out is lost`;
  return { ...tableChange('narrowed', table, what), purge: 'again' };
}
