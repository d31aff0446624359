import { describe, expect, test } from 'vitest';
import type { Finding } from '../../../../src/domain/finding.ts';
import type { Statement } from '../../../../src/domain/statement.ts';
import { checkPostgres } from '../../../../src/preflight/preflight.ts';
import { planMends, streamObstacles } from '../../../../src/preflight/setup/plan-mends.ts';
import { column, PUBLICATION, rule, ruled, SERVER, SLOT, WANTED } from '../facts.ts';

const ALTER: Statement = { kind: 'alter-table', sql: 'ALTER a', table: 'public.a' };
const PUBLISH: Statement = { kind: 'publish', sql: 'ALTER PUBLICATION p' };

function finding(code: string, ...statements: readonly Statement[]): Finding {
  return { code, severity: 'error', subject: 's', message: 'm', statements };
}

describe('planMends', () => {
  test('puts tables and grants before the publication, the slot last, and numbers them', () => {
    const plan = planMends([
      finding('SLOT', { kind: 'create-slot', sql: 'SELECT slot' }),
      finding('PUBLICATION', PUBLISH),
      finding('IDENTITY', ALTER),
      finding('QUERY', { kind: 'grant', sql: 'GRANT' }),
    ]);
    expect(plan.map(({ number, statement }) => `${number} ${statement.sql}`)).toEqual([
      '1 ALTER a',
      '2 GRANT',
      '3 ALTER PUBLICATION p',
      '4 SELECT slot',
    ]);
  });

  test('runs once what two findings ask for, for the first of them', () => {
    const plan = planMends([finding('FIRST', ALTER), finding('SECOND', ALTER, PUBLISH)]);
    expect(plan.map((planned) => planned.finding.code)).toEqual(['FIRST', 'SECOND']);
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
  const mended = finding('PUBLICATION_LACKS_TABLE', PUBLISH);
  const errors = [
    mended,
    finding('IDENTITY', ALTER),
    finding('COLUMN_MISSING'),
    finding('MIXED', ALTER, PUBLISH),
  ];
  const harmless = { ...finding('WARNED'), severity: 'warning' } as const;
  expect(streamObstacles([...errors, harmless]).map(({ code }) => code)).toEqual([
    'IDENTITY',
    'COLUMN_MISSING',
    'MIXED',
  ]);
});
