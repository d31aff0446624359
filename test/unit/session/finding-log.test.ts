import { expect, test } from 'vitest';
import type { Finding } from '../../../src/domain/finding.ts';
import { FindingLog } from '../../../src/session/finding-log.ts';

const note: Finding = {
  code: 'KEY_COLUMN_NULLABLE',
  severity: 'info',
  subject: 'rule a',
  message: 'may be NULL',
};
const fault: Finding = { code: 'WAL_LEVEL', severity: 'error', subject: 'wal_level', message: 'is replica' };

test('what the look before has found is not told again, but what has come back is', () => {
  const lines: string[] = [];
  const at = (level: string) => (fields: object, message: string) =>
    void lines.push(`${level} ${'subject' in fields ? String(fields.subject) : ''} ${message}`);
  const findings = new FindingLog({ info: at('info'), warn: at('warn'), error: at('error') });
  findings.tell([note]);
  findings.tell([note, fault]);
  findings.tell([note, fault]);
  expect(lines).toEqual(['info rule a may be NULL', 'error wal_level is replica']);
  findings.tell([note]);
  findings.tell([{ ...note, subject: 'rule b' }, fault]);
  expect(lines.slice(2)).toEqual(['info rule b may be NULL', 'error wal_level is replica']);
});
