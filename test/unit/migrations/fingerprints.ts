import type {
  Fingerprint,
  MemberFingerprint,
  TableFingerprint,
} from '../../../src/migrations/fingerprint.ts';

/** Fingerprints in which everything is well; a test says what is not. */
export function aFingerprint(parts: Partial<Fingerprint> = {}): Fingerprint {
  return {
    publication: {
      name: 'freshet',
      oid: 50,
      version: '700',
      kinds: ['insert', 'update', 'delete', 'truncate'],
      viaRoot: false,
      generated: 'n',
    },
    tables: [aTable()],
    ...parts,
  };
}

export function aTable(parts: Partial<TableFingerprint> = {}): TableFingerprint {
  return {
    schema: 'public',
    name: 'users',
    oid: 1,
    schemaOid: 2200,
    columns: { id: '1 integer 23 0 ', name: '2 text 25 100 ' },
    types: null,
    members: [aMember()],
    ...parts,
  };
}

export function aMember(parts: Partial<MemberFingerprint> = {}): MemberFingerprint {
  return {
    oid: 1,
    schema: 'public',
    name: 'users',
    kind: 'r',
    shape: 'A',
    attributes: 'X',
    file: 1,
    writes: null,
    persistence: 'p',
    identity: 'd',
    identityIndex: 'users_pkey',
    identityColumns: ['id'],
    published: 'r60',
    narrowed: null,
    ...parts,
  };
}
