import { expect, test } from 'vitest';
import { ConfigError, FatalError } from '../../../src/domain/errors.ts';

test('a ConfigError tells every problem, each with where it is and what mends it', () => {
  const error = new ConfigError([
    { where: 'freshet.yaml:3:1', message: 'unknown field slto', remedy: 'did you mean slot?' },
    { where: 'FRESHET_REDIS_URL', message: 'expected a URL' },
  ]);
  expect(error.message).toBe(
    'freshet.yaml:3:1: unknown field slto\n    did you mean slot?\nFRESHET_REDIS_URL: expected a URL',
  );
});

test('a FatalError keeps its code, its remedy and its cause apart', () => {
  const cause = new Error('42704');
  expect(new FatalError('SLOT_MISSING', 'no slot', 'make one', { cause })).toMatchObject({
    code: 'SLOT_MISSING',
    message: 'no slot',
    remedy: 'make one',
    cause,
  });
});
