import { describe, expect, test } from 'vitest';
import { checkSlot } from '../../../../src/preflight/checks/check-slot.ts';
import type { SlotFacts } from '../../../../src/preflight/facts/slot-facts.ts';
import { SERVER, SLOT, WANTED } from '../facts.ts';

describe('checkSlot', () => {
  test('says nothing of a slot that waits for its reader', () => {
    expect(checkSlot(SLOT, WANTED, SERVER)).toEqual([]);
  });

  test('a missing slot is an error unless run creates it', () => {
    expect(checkSlot(undefined, WANTED, SERVER)).toMatchObject([
      {
        code: 'SLOT_MISSING',
        severity: 'error',
        remedy: "SELECT pg_create_logical_replication_slot('freshet', 'pgoutput');",
      },
    ]);
    const created = checkSlot(undefined, { ...WANTED, createMissing: true }, SERVER);
    expect(created).toMatchObject([{ code: 'SLOT_MISSING', severity: 'info' }]);
  });

  test.each<[string, Partial<SlotFacts>]>([
    ['error SLOT_WRONG_PLUGIN', { plugin: 'test_decoding' }],
    ['error SLOT_WRONG_PLUGIN', { type: 'physical', plugin: null, database: null }],
    ['error SLOT_OTHER_DATABASE', { database: 'billing' }],
    ['error SLOT_LOST', { walStatus: 'lost' }],
    ['error SLOT_LOST', { invalidationReason: 'idle_timeout' }],
    ['error SLOT_TEMPORARY', { temporary: true }],
    ['error SLOT_BEING_CREATED', { complete: false, activePid: 42 }],
    ['info SLOT_ACTIVE', { activePid: 42 }],
    ['warning SLOT_ENDANGERED', { walStatus: 'unreserved' }],
  ])('%s', (expected, facts) => {
    const findings = checkSlot({ ...SLOT, ...facts }, WANTED, SERVER);
    expect(findings.map(({ severity, code }) => `${severity} ${code}`)).toEqual([expected]);
  });
});
