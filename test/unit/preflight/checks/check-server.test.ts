import { describe, expect, test } from 'vitest';
import { checkServer } from '../../../../src/preflight/checks/check-server.ts';
import type { ServerFacts } from '../../../../src/preflight/facts/server-facts.ts';
import { SERVER, SLOT } from '../facts.ts';

describe('checkServer', () => {
  test('says nothing of a server that is ready', () => {
    expect(checkServer(SERVER, undefined)).toEqual([]);
  });

  test.each<[string, Partial<ServerFacts>]>([
    ['error SERVER_TOO_OLD', { version: 130_016 }],
    ['warning SERVER_UNTRIED', { version: 190_000 }],
    ['error SERVER_IN_RECOVERY', { inRecovery: true }],
    ['error WAL_LEVEL', { walLevel: 'replica' }],
    ['error ROLE_LACKS_REPLICATION', { mayReplicate: false }],
    ['error REPLICATION_SLOTS_FULL', { slots: { used: 10, max: 10 } }],
    ['error WAL_SENDERS_FULL', { walSenders: { used: 10, max: 10 } }],
    ['warning WAL_UNBOUNDED', { maxSlotWalKeepSizeMb: -1 }],
    ['info WAL_SENDER_TIMEOUT', { walSenderTimeoutMs: 0 }],
    ['info WAL_SENDER_TIMEOUT', { walSenderTimeoutMs: 5_000 }],
    ['error SYNCHRONOUS_STANDBY', { synchronousStandbyNames: '*' }],
    ['error SYNCHRONOUS_STANDBY', { synchronousStandbyNames: 'FIRST 1 (one, "*")' }],
    ['error SYNCHRONOUS_STANDBY', { synchronousStandbyNames: 'ANY 2 (one,Freshet)' }],
  ])('%s', (expected, facts) => {
    const findings = checkServer({ ...SERVER, ...facts }, undefined);
    expect(findings.map(({ severity, code }) => `${severity} ${code}`)).toEqual([expected]);
  });

  test('synchronous standbys that are named one by one are none of its business', () => {
    const synchronousStandbyNames = 'ANY 1 (one, "freshet-standby")';
    expect(checkServer({ ...SERVER, synchronousStandbyNames }, undefined)).toEqual([]);
  });

  test('an existing slot, and its walsender, need no free place', () => {
    const full = { ...SERVER, slots: { used: 10, max: 10 }, walSenders: { used: 10, max: 10 } };
    expect(checkServer(full, { ...SLOT, activePid: 42 })).toEqual([]);
    expect(checkServer(full, SLOT).map(({ code }) => code)).toEqual(['WAL_SENDERS_FULL']);
  });
});
