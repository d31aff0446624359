import { ReplyError } from 'ioredis';
import { expect, test } from 'vitest';
import { RetryableError } from '../../../src/domain/errors.ts';
import { createLogger } from '../../../src/telemetry/logger.ts';

/** What the log says of this error, as text. */
function logged(error: unknown): string {
  const lines: string[] = [];
  createLogger('info', { write: (line) => void lines.push(line) }).error({ err: error }, 'it failed');
  return lines.join('');
}

test('a line is JSON with time, level and sentence', () => {
  expect(JSON.parse(logged(new Error('x')))).toMatchObject({
    level: 'error',
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    msg: 'it failed',
    err: { type: 'Error', message: 'x' },
  });
});

test('an error says its family, its code and its causes', () => {
  const cause = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:5432'), { code: 'ECONNREFUSED' });
  expect(
    JSON.parse(logged(new RetryableError('the connection to Postgres failed', { cause }))),
  ).toMatchObject({
    err: {
      type: 'RetryableError',
      message: 'the connection to Postgres failed',
      cause: { code: 'ECONNREFUSED', message: 'connect ECONNREFUSED 127.0.0.1:5432' },
    },
  });
});

test('the command that a driver keeps with its error stays out, and with it passwords and keys', () => {
  const reply = Object.assign(new ReplyError('WRONGPASS invalid username-password pair'), {
    command: { name: 'auth', args: ['default', 'hunter2'] },
    parameters: ['hunter2'],
    query: "SELECT 'hunter2'",
    detail: 'Key (email)=(hunter2) already exists.',
    input: 'redis://:hunter2@host',
  });
  const text = logged(new RetryableError('Redis failed', { cause: reply }));
  expect(text).toContain('WRONGPASS');
  expect(text).not.toContain('hunter2');
});

test.each([
  'connecting to postgres://freshet:hunter2@db.internal:5432/shop failed',
  'bad URL "rediss://:hunter2@cache.internal/0"',
  "ERR unknown command 'UNLINK', with args beginning with: 'user:hunter2' 'user:8' ",
])('what a message quotes of an address or a command stays out: %s', (message) => {
  const text = logged(new Error(message));
  expect(text).not.toContain('hunter2');
  expect(text).toContain(message.slice(0, 10).replaceAll('"', '\\"'));
});

test('what was thrown and is no error is not printed', () => {
  expect(logged('postgres://user:hunter2@host')).not.toContain('hunter2');
});
