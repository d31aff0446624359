import { expect, test } from 'vitest';
import type { Finding } from '../../../src/domain/finding.ts';
import { formatFindings } from '../../../src/preflight/format-findings.ts';

const OF_PRODUCTS = { table: { schema: 'public', name: 'products' } };
const RULES = [OF_PRODUCTS, OF_PRODUCTS, { table: { schema: 'public', name: 'orders' } }];

test('without findings one line says what was checked', () => {
  expect(formatFindings([], RULES)).toBe('no problems: 3 rules, 2 tables\n');
});

test('errors come first, remedies can be pasted, counts stand last', () => {
  const findings: readonly Finding[] = [
    { code: 'SLOT_ACTIVE', severity: 'info', subject: 'slot a', message: 'is in use' },
    {
      code: 'SLOT_LOST',
      severity: 'error',
      subject: 'slot s',
      message: 'is broken',
      remedy: 'DROP;\nCREATE;',
    },
  ];
  expect(formatFindings(findings, RULES)).toBe(
    'error SLOT_LOST\n  slot s: is broken\n    DROP;\n    CREATE;\n\n' +
      'info SLOT_ACTIVE\n  slot a: is in use\n\n' +
      '1 error, 0 warnings, 1 note: 3 rules, 2 tables\n',
  );
});
