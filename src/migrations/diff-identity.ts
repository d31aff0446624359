import { formatTableName, quoteIdentifier } from '../domain/table.ts';
import { listColumns, listTables } from '../sql/name-list.ts';
import { type DiffContext, holdsRows, isMaterializedView, tableChange } from './diff-context.ts';
import type { MemberFingerprint, TableFingerprint } from './fingerprint.ts';
import type { FingerprintChange } from './fingerprint-change.ts';

/** Old rows that carry less than the rules need, or nothing at all, so that Postgres refuses UPDATE and DELETE. */
export function diffIdentity(
  before: TableFingerprint,
  after: TableFingerprint,
  { columnsOf }: DiffContext,
): readonly FingerprintChange[] {
  if (isMaterializedView(after)) return [];
  const known = new Map(before.members.map((member) => [member.oid, member]));
  const holders = before.members.filter(holdsRows);
  const needed = [...columnsOf(after).old].filter((column) => after.columns[column] !== undefined);
  const weakened = after.members.filter(holdsRows).flatMap((member) => {
    // A table that is new here is held to what all that were here before could do.
    const old = known.get(member.oid);
    const peers = old === undefined ? holders : [old];
    if (peers.length === 0) return [];
    const lost = needed.filter(
      (column) => !carries(member, column) && peers.every((peer) => carries(peer, column)),
    );
    const isUnusable = !isUsable(member) && member.published !== null && peers.every(isUsable);
    return lost.length > 0 || isUnusable ? [{ member, lost, isUnusable, old }] : [];
  });
  if (weakened.length === 0) return [];
  const members = weakened.map(({ member }) => member);
  const lost = new Set(weakened.flatMap((each) => each.lost));
  const breaksWrites = weakened.some(({ isUnusable }) => isUnusable);
  const message = breaksWrites
    ? `${listTables(members)} has no usable replica identity any more: Postgres refuses UPDATE and DELETE on it`
    : `old rows of ${listTables(members)} do not carry ${listColumns([...lost])} any more: a delete or a moved key purges all keys`;
  const remedy = weakened.map(({ member, old }) => restoreSql(member, old)).filter((sql) => sql !== '');
  return [
    {
      ...tableChange('identity-weakened', after, message),
      alarm: {
        code: breaksWrites ? 'IDENTITY_UNUSABLE' : 'IDENTITY_LACKS_COLUMN',
        severity: 'error',
        subject: formatTableName(after),
        message,
        ...(remedy.length > 0 ? { remedy: remedy.join('\n') } : {}),
      },
    },
  ];
}

function isUsable({ identity, identityColumns }: MemberFingerprint): boolean {
  return identity === 'f' || identityColumns !== null;
}

function carries({ identity, identityColumns }: MemberFingerprint, column: string): boolean {
  return identity === 'f' || (identityColumns?.includes(column) ?? false);
}

/** Back to what it was; empty where that is not known, and `freshet check` has to say what to do. */
function restoreSql(now: MemberFingerprint, old: MemberFingerprint | undefined): string {
  if (old === undefined) return '';
  const table = `ALTER TABLE ${formatTableName(now)}`;
  const columns = listColumns(old.identityColumns ?? []);
  if (old.identity === 'f') return `${table} REPLICA IDENTITY FULL;`;
  if (old.identity === 'd')
    return now.identity === 'd'
      ? `${table} ADD PRIMARY KEY (${columns});`
      : `${table} REPLICA IDENTITY DEFAULT;`;
  if (old.identityIndex === null) return '';
  const index = quoteIdentifier(old.identityIndex);
  const useIndex = `${table} REPLICA IDENTITY USING INDEX ${index};`;
  if (now.identity !== 'i') return useIndex;
  return `CREATE UNIQUE INDEX CONCURRENTLY ${index} ON ${formatTableName(now)} (${columns});\n${useIndex}`;
}
