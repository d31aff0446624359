import { expect, test } from 'vitest';
import { ConfigError, FatalError } from '../../../src/domain/errors.ts';
import { describeRefusal } from '../../../src/session/describe-refusal.ts';
import { PreflightError } from '../../../src/session/preflight-error.ts';

test('a refusal is the code and the place of its first problem, on one line', () => {
  const found = new PreflightError(
    { code: 'TABLE_MISSING', severity: 'error', subject: 'rule a', message: 'names no table\nof any schema' },
    [{ code: 'WAL_LEVEL', severity: 'error', subject: 'wal_level', message: 'is replica' }],
  );
  const problems = [
    { where: 'rules.yaml:3:1', message: 'is not YAML' },
    { where: 'rules.yaml:9:1', message: 'neither' },
  ];
  const reasons = [found, new ConfigError(problems), new FatalError('DENIED', 'a role may not', 'grant it')];
  expect(reasons.map(describeRefusal)).toEqual(['TABLE_MISSING rule a', 'rules.yaml:3:1', 'DENIED']);
});
