import { describe, expect, test } from 'vitest';
import type { Finding } from '../../../../src/domain/finding.ts';
import type { ErrorCode } from '../../../../src/domain/finding-codes.ts';
import type { Statement } from '../../../../src/domain/statement.ts';
import { checkPostgres } from '../../../../src/preflight/preflight.ts';
import { planMends, streamObstacles } from '../../../../src/preflight/setup/plan-mends.ts';
import { column, PUBLICATION, rule, ruled, SERVER, SLOT, WANTED } from '../facts.ts';

const ALTER: Statement = { kind: 'alter-table', sql: 'ALTER a', table: 'public.a' };
const PUBLISH: Statement = { kind: 'publish', sql: 'ALTER PUBLICATION p' };

function finding(code: ErrorCode, ...statements: readonly Statement[]): Finding {
  return { code, severity: 'error', subject: 's', message: 'm', statements };
}

describe('planMends', () => {
  test('puts tables and grants before the publication, the slot last, and numbers them', () => {
    const plan = planMends([
      finding('SLOT_LOST', { kind: 'create-slot', sql: 'SELECT slot' }),
      finding('PUBLICATION_VIA_ROOT', PUBLISH),
      finding('IDENTITY_UNUSABLE', ALTER),
      finding('QUERY_DENIED', { kind: 'grant', sql: 'GRANT' }),
    ]);
    expect(plan.map(({ number, statement }) => `${number} ${statement.sql}`)).toEqual([
      '1 ALTER a',
      '2 GRANT',
      '3 ALTER PUBLICATION p',
      '4 SELECT slot',
    ]);
  });

  test('runs once what two findings ask for, for the first of them', () => {
    const plan = planMends([
      finding('IDENTITY_UNUSABLE', ALTER),
      finding('IDENTITY_LACKS_COLUMN', ALTER, PUBLISH),
    ]);
    expect(plan.map((planned) => planned.finding.code)).toEqual([
      'IDENTITY_UNUSABLE',
      'IDENTITY_LACKS_COLUMN',
    ]);
    expect(plan.map(({ statement }) => statement)).toEqual([ALTER, PUBLISH]);
  });

  test('leaves choices, costs and what takes a superuser to an operator', () => {
    const columns = [column('id'), column('tenant', 'text'), column('slug', 'text')];
    const tables = [
      ruled(
        [
          { ...rule(['post:${id}'], undefined, 'set', 'set: {ttl: 1h}') },
          rule(['count:${slug}'], 'insert', 'count', 'counter: {count: {}, ttl: 1h}'),
        ],
        { columns },
      ),
    ];
    const server = { ...SERVER, walLevel: 'replica', maxSlotWalKeepSizeMb: -1, mayReplicate: false };
    const publication = { ...PUBLICATION, allTables: true, age: 1 };
    const slot = { ...SLOT, walStatus: 'lost' };
    const facts = { server, slot, publication, tables, allNames: [], ddlCapture: 'absent' } as const;
    const findings = checkPostgres(facts, WANTED);
    expect(findings.filter(({ remedy }) => remedy !== undefined).map(({ code }) => code)).toEqual(
      expect.arrayContaining(['WAL_LEVEL', 'ROLE_LACKS_REPLICATION', 'READS_WHOLE_TABLE', 'SLOT_LOST']),
    );
    expect(planMends(findings).map(({ statement }) => statement.kind)).toEqual(['publish']);
  });
});

test('whatever else is an error forbids to touch the publication', () => {
  const mended = finding('PUBLICATION_LACKS_KIND', PUBLISH);
  const errors = [
    mended,
    finding('IDENTITY_UNUSABLE', ALTER),
    finding('COLUMN_MISSING'),
    finding('IDENTITY_GENERATED', ALTER, PUBLISH),
  ];
  const harmless: Finding = { code: 'KEY_AMBIGUOUS', severity: 'warning', subject: 's', message: 'm' };
  expect(streamObstacles([...errors, harmless]).map(({ code }) => code)).toEqual([
    'IDENTITY_UNUSABLE',
    'COLUMN_MISSING',
    'IDENTITY_GENERATED',
  ]);
});
