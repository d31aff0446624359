import { formatTableName } from '../domain/table.ts';
import { listTables } from '../sql/name-list.ts';
import { holdsRows, tableChange } from './diff-context.ts';
import type { MemberFingerprint, TableFingerprint } from './fingerprint.ts';
import type { FingerprintChange } from './fingerprint-change.ts';

type MemberChangeKind = 'refreshed' | 'persistence' | 'rewritten' | 'partition-altered';

const WHAT: Readonly<Record<MemberChangeKind, string>> = {
  refreshed: 'was refreshed',
  persistence: 'was made LOGGED or UNLOGGED',
  rewritten: 'was written anew after its column definitions were touched',
  'partition-altered': 'was renamed, moved or altered on its own',
};

/**
 * What happened to the tables that hold the rows and were there before; one change a kind, for there may be thousands.
 * @param isExplained the columns of the whole table changed, which shows in each member too
 */
export function diffMembers(
  before: TableFingerprint,
  after: TableFingerprint,
  isExplained: boolean,
): readonly FingerprintChange[] {
  const known = new Map(before.members.map((member) => [member.oid, member]));
  const changed = after.members.filter(holdsRows).flatMap((member) => {
    const old = known.get(member.oid);
    const kind = old === undefined ? undefined : memberChange(old, member, isExplained);
    return kind === undefined ? [] : [{ kind, member }];
  });
  return [...Map.groupBy(changed, ({ kind }) => kind)].map(([kind, group]) =>
    describe(
      kind,
      after,
      group.map(({ member }) => member),
    ),
  );
}

/**
 * A new file alone is VACUUM FULL, CLUSTER, TRUNCATE, SET TABLESPACE or pg_repack: no value changed, or the stream says
 * so. ALTER COLUMN ... TYPE ... USING writes the column's definition too, even where it stays the same; so, once, does
 * VACUUM FULL where rows are older than a column with a default, which is then taken for a rewrite.
 */
function memberChange(
  old: MemberFingerprint,
  now: MemberFingerprint,
  isExplained: boolean,
): MemberChangeKind | undefined {
  if (now.kind === 'm' && (old.file !== now.file || old.writes !== now.writes)) return 'refreshed';
  if (old.persistence !== now.persistence) return 'persistence';
  if (isExplained) return undefined;
  if (old.file !== now.file && old.attributes !== now.attributes) return 'rewritten';
  return old.shape === now.shape ? undefined : 'partition-altered';
}

function describe(
  kind: MemberChangeKind,
  table: TableFingerprint,
  members: readonly MemberFingerprint[],
): FingerprintChange {
  const isItself = members.every(({ oid }) => oid === table.oid);
  const change = tableChange(kind, table, isItself ? WHAT[kind] : `${listTables(members)} ${WHAT[kind]}`);
  const unlogged = members.filter(({ persistence }) => persistence === 'u');
  if (kind !== 'persistence' || unlogged.length === 0) return change;
  return {
    ...change,
    alarm: {
      code: 'TABLE_UNLOGGED',
      severity: 'error',
      subject: formatTableName(table),
      message: `${listTables(unlogged)} is UNLOGGED now: its changes are not in the WAL`,
      remedy: unlogged.map((member) => `ALTER TABLE ${formatTableName(member)} SET LOGGED;`).join('\n'),
    },
  };
}
