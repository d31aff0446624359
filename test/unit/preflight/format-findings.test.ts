import { expect, test } from 'vitest';
import type { Finding } from '../../../src/domain/finding.ts';
import { formatFindings } from '../../../src/preflight/format-findings.ts';

const COUNTS = { rules: 3, tables: 1 };

test('without findings one line says what was checked', () => {
  expect(formatFindings([], COUNTS)).toBe('no problems: 3 rules, 1 table\n');
});

test('errors come first, remedies can be pasted, counts stand last', () => {
  const findings: readonly Finding[] = [
    { code: 'NOTED', severity: 'info', subject: 'rule a', message: 'is noted' },
    { code: 'BROKEN', severity: 'error', subject: 'slot s', message: 'is broken', remedy: 'DROP;\nCREATE;' },
  ];
  expect(formatFindings(findings, COUNTS)).toBe(
    'error BROKEN\n  slot s: is broken\n    DROP;\n    CREATE;\n\n' +
      'info NOTED\n  rule a: is noted\n\n' +
      '1 error, 0 warnings, 1 note: 3 rules, 1 table\n',
  );
});
