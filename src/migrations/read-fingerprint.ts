import { parseLsn } from '../domain/lsn.ts';
import type { Query } from '../domain/query.ts';
import type { TableName } from '../domain/table.ts';
import type { Fingerprint, MemberFingerprint, Sighting } from './fingerprint.ts';
import { fingerprintSql, MAY_HAVE_ROWS_SQL } from './fingerprint-sql.ts';

export interface WantedFingerprint {
  /** That rules name, each once. */
  readonly tables: readonly TableName[];
  readonly publication: string;
  /** `server_version_num` */
  readonly serverVersion: number;
}

interface FingerprintRow extends Fingerprint {
  readonly snapshot: string;
  readonly lsn: string;
}

/**
 * Looks at the catalog of the primary once.
 * @param known the fingerprint before; of members that are not in it, it is asked whether they are empty
 * @throws whatever `query` throws
 */
export async function readFingerprint(
  query: Query,
  { tables, publication, serverVersion }: WantedFingerprint,
  known?: Fingerprint,
): Promise<Sighting> {
  const names = [tables.map(({ schema }) => schema), tables.map(({ name }) => name)];
  const [row] = await query<FingerprintRow>(fingerprintSql(serverVersion), [...names, publication]);
  if (row === undefined) throw new Error('the catalog query returned no row');
  const { snapshot, lsn, ...seen } = row;
  const fingerprint = known === undefined ? seen : await markEmpty(query, seen, known);
  return { fingerprint, snapshot, lsn: parseLsn(lsn) };
}

/** A partition that was just made and is empty changed nothing; one that was attached with rows did. */
async function markEmpty(query: Query, seen: Fingerprint, known: Fingerprint): Promise<Fingerprint> {
  const before = new Set(allMembers(known).map(({ oid }) => oid));
  const fresh = allMembers(seen).filter(({ oid }) => !before.has(oid));
  if (fresh.length === 0) return seen;
  const rows = await query<{ oid: number; mayHaveRows: boolean }>(MAY_HAVE_ROWS_SQL, [
    fresh.map(({ oid }) => oid),
  ]).catch(() => []); // Locked, or dropped meanwhile: as if it had rows.
  const empty = new Set(rows.filter(({ mayHaveRows }) => !mayHaveRows).map(({ oid }) => oid));
  const mark = (member: MemberFingerprint): MemberFingerprint =>
    before.has(member.oid) ? member : { ...member, mayHaveRows: !empty.has(member.oid) };
  return {
    ...seen,
    tables: seen.tables.map((table) => ({ ...table, members: table.members.map(mark) })),
  };
}

function allMembers({ tables }: Fingerprint): readonly MemberFingerprint[] {
  return tables.flatMap(({ members }) => members);
}
