import { describe, expect, test } from 'vitest';
import { toLsn } from '../../../src/domain/lsn.ts';
import { DdlLedger } from '../../../src/migrations/ddl-ledger.ts';
import type { DdlEvent, DdlTable } from '../../../src/migrations/migration-message.ts';
import { aFingerprint, aMember, aTable } from './fingerprints.ts';

const USERS = { schema: 'public', name: 'users' };
const OID = 1;

function altered(table: Partial<DdlTable> = {}): DdlEvent {
  const of = { change: 'altered', oid: OID, ...USERS, above: [], shape: 'A', sameAs: undefined } as const;
  return { tag: 'ALTER TABLE', tables: [{ ...of, ...table }], schemas: [], publications: [] };
}

function renamedTo(name: string): DdlEvent {
  return { ...altered(), tables: [], schemas: [{ oid: 5, name }] };
}

function partitionMade(oid: number): DdlEvent {
  return altered({ change: 'created', oid, name: `users_${oid}`, above: [USERS] });
}

function partitionDropped(oid: number): DdlEvent {
  return altered({ change: 'dropped', oid, name: `users_${oid}`, shape: undefined });
}

/** A ledger that saw `users` in shape A at position 100. */
function ledgerAt100({ isVisible = true } = {}): DdlLedger {
  const ledger = new DdlLedger([USERS]);
  const members = [aMember({ oid: OID, shape: 'A' }), aMember({ oid: 2, name: 'users_1' })];
  const fingerprint = aFingerprint({ tables: [aTable({ oid: OID, schemaOid: 5, members })] });
  ledger.learn({ fingerprint, lsn: toLsn(100n) }, () => isVisible);
  return ledger;
}

const at = (lsn: number, xid = 7) => ({ lsn: toLsn(BigInt(lsn)), xid });

describe('an ALTER TABLE', () => {
  test('that leaves the shape as it is purges nothing, but is worth a look', () => {
    expect(ledgerAt100().concerned(altered(), at(100))).toEqual({ purge: [], recheck: true });
  });

  test('that changes it purges, once', () => {
    const ledger = ledgerAt100();
    expect(ledger.concerned(altered({ shape: 'B' }), at(100)).purge).toEqual([USERS]);
    expect(ledger.concerned(altered({ shape: 'B' }), at(101)).purge).toEqual([]);
    expect(ledger.concerned(altered({ shape: 'A' }), at(102)).purge).toEqual([USERS]);
  });

  test('that attached an empty partition purges nothing, and what follows is compared with it', () => {
    const ledger = ledgerAt100();
    expect(ledger.concerned(altered({ shape: 'A+', sameAs: 'A' }), at(100)).purge).toEqual([]);
    expect(ledger.concerned(altered({ shape: 'A+' }), at(101)).purge).toEqual([]);
    expect(ledger.concerned(altered({ shape: 'A' }), at(102)).purge).toEqual([USERS]);
  });

  test('that wrote the table anew purges, whatever the shape', () => {
    expect(ledgerAt100().concerned(altered({ shape: undefined }), at(100)).purge).toEqual([USERS]);
  });

  test('before the place where the shape was seen purges: the look may show what it did', () => {
    expect(ledgerAt100().concerned(altered(), at(99)).purge).toEqual([USERS]);
  });

  test('without any knowledge purges', () => {
    expect(new DdlLedger([USERS]).concerned(altered(), at(1)).purge).toEqual([USERS]);
  });

  test('is not forgotten for a look that did not see its commit yet', () => {
    const blind = ledgerAt100({ isVisible: false });
    expect(blind.concerned(altered({ shape: 'B' }), at(99)).purge).toEqual([USERS]);
    expect(blind.concerned(altered({ shape: 'A' }), at(100)).purge).toEqual([USERS]);
    const seeing = ledgerAt100();
    seeing.concerned(altered({ shape: 'B' }), at(99));
    expect(seeing.concerned(altered({ shape: 'A' }), at(100)).purge).toEqual([]);
  });

  test('of a table that no rule knows is none of our business', () => {
    expect(ledgerAt100().concerned(altered({ oid: 9, name: 'other' }), at(100))).toEqual({
      purge: [],
      recheck: false,
    });
  });
});

describe('a name', () => {
  test('that goes away purges the table that had it, and one that comes, the table that gets it', () => {
    const ledger = ledgerAt100();
    expect(ledger.concerned(altered({ name: 'users_old', shape: 'B' }), at(100)).purge).toEqual([USERS]);
    expect(ledger.concerned(altered({ oid: 9 }), at(101)).purge).toEqual([USERS]);
    // From here on it is nobody's.
    const dropped = altered({ name: 'users_old', change: 'dropped', shape: undefined });
    expect(ledger.concerned(dropped, at(102))).toEqual({ purge: [], recheck: false });
  });

  test('of a schema takes its tables along, both ways', () => {
    const ledger = ledgerAt100();
    expect(ledger.concerned(renamedTo('away'), at(100)).purge).toEqual([USERS]);
    expect(ledger.concerned(renamedTo('further'), at(101)).purge).toEqual([]);
    expect(ledger.concerned(renamedTo('public'), at(102)).purge).toEqual([USERS]);
  });
});

describe('a partition', () => {
  test('that was seen or made purges its root when it is dropped, and only then', () => {
    const ledger = ledgerAt100();
    expect(ledger.concerned(partitionDropped(2), at(100)).purge).toEqual([USERS]);
    expect(ledger.concerned(partitionMade(3), at(101)).purge).toEqual([]);
    expect(ledger.concerned(partitionDropped(3), at(102)).purge).toEqual([USERS]);
    expect(ledger.concerned(partitionDropped(4), at(103)).purge).toEqual([]);
  });
});

test('a publication is worth a look', () => {
  const event = { ...altered(), tables: [], publications: ['any'] };
  expect(ledgerAt100().concerned(event, at(100))).toEqual({ purge: [], recheck: true });
});

test('a stream that stands still does not make it grow without end', () => {
  const ledger = new DdlLedger([USERS]);
  for (let i = 0; i < 1_000; i++) {
    const fingerprint = aFingerprint({
      tables: [aTable({ members: [aMember({ oid: OID, shape: `S${i}` })] })],
    });
    ledger.learn({ fingerprint, lsn: toLsn(BigInt(i)) }, () => true);
  }
  // The last is still there; what was forgotten costs purges only.
  expect(ledger.concerned(altered({ shape: 'S999' }), at(2_000)).purge).toEqual([]);
});
