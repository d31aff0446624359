import { describe, expect, test } from 'vitest';
import { FatalError, RetryableError } from '../../../../src/domain/errors.ts';
import type { ReplicaFacts } from '../../../../src/pipeline/capture/describe-replica.ts';
import { checkReplicas } from '../../../../src/preflight/checks/check-replicas.ts';

const REPLICA = {
  kind: 'reachable',
  address: 'db2:5432',
  inRecovery: true,
  systemId: '7001',
  applyDelayMs: 0,
  queryDelayMs: 30_000,
  hasFeedback: true,
} as const satisfies ReplicaFacts;

function codes(replica: ReplicaFacts, systemId: string | undefined = '7001'): readonly string[] {
  return checkReplicas([replica], systemId).map(({ severity, code }) => `${severity} ${code}`);
}

describe('checkReplicas', () => {
  test('says nothing of a standby that replays', () => {
    expect(codes(REPLICA)).toEqual([]);
    expect(codes(REPLICA, undefined)).toEqual([]);
  });

  test.each<[string, Partial<Extract<ReplicaFacts, { kind: 'reachable' }>>]>([
    ['error REPLICA_OF_OTHER_SERVER', { systemId: '7002' }],
    ['error REPLICA_NOT_IN_RECOVERY', { inRecovery: false }],
    ['warning REPLICA_DELAYED', { applyDelayMs: 3_600_000 }],
    ['info REPLICA_WAITS_FOR_QUERIES', { hasFeedback: false }],
    ['info REPLICA_WAITS_FOR_QUERIES', { hasFeedback: false, queryDelayMs: -1 }],
  ])('%s', (expected, facts) => {
    expect(codes({ ...REPLICA, ...facts })).toEqual([expected]);
  });

  test('replay that waits for queries only for a moment is fine', () => {
    expect(codes({ ...REPLICA, hasFeedback: false, queryDelayMs: 1_000 })).toEqual([]);
  });

  test('one that is away is a warning, for it may come back; one that refuses the role is an error', () => {
    const cause = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
    const fault = new RetryableError('the connection to Postgres failed', { cause });
    const [finding] = checkReplicas([{ kind: 'unreachable', address: 'db2:5432', fault }], '7001');
    expect(finding).toMatchObject({
      severity: 'warning',
      code: 'REPLICA_UNREACHABLE',
      subject: 'replica db2:5432',
    });
    expect(finding?.message).toContain('ECONNREFUSED');
    const denied = new FatalError('DENIED', 'Postgres refuses this role', 'check it');
    expect(codes({ kind: 'unreachable', address: 'db2:5432', fault: denied })).toEqual([
      'error REPLICA_DENIED',
    ]);
  });
});
