import { DatabaseError } from 'pg';
import { describe, expect, test } from 'vitest';
import { FatalError, RetryableError, StandbySignal } from '../../../../src/domain/errors.ts';
import {
  classifyPostgresError,
  classifyReplicationError,
  classifyStartError,
} from '../../../../src/pipeline/capture/postgres-errors.ts';

/** As the driver makes it of an ErrorResponse. */
function refusal(code: string): DatabaseError {
  const error = new DatabaseError('no', 2, 'error');
  error.code = code;
  error.severity = 'ERROR';
  return error;
}

const lostConnection = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });

describe('anywhere', () => {
  test.each(['08006', '53300', '57P01', '57P03', '58000'])('%s goes away by itself', (code) => {
    expect(classifyPostgresError(refusal(code))).toBeInstanceOf(RetryableError);
  });

  test.each(['28000', '28P01', '3D000', '42501'])('%s wants an operator', (code) => {
    expect(classifyPostgresError(refusal(code))).toMatchObject({ name: 'FatalError', code: 'DENIED' });
  });

  test('a database that does not exist is called that', () => {
    expect(classifyPostgresError(refusal('3D000'))).toMatchObject({
      message: 'the database does not exist (SQLSTATE 3D000)',
      remedy: expect.stringContaining('create it'),
    });
  });

  test('a fault of the connection goes away by itself, whatever its code', () => {
    expect(classifyPostgresError(lostConnection)).toBeInstanceOf(RetryableError);
    expect(classifyPostgresError('what is this')).toBeInstanceOf(RetryableError);
  });

  test('a refused statement stays what it is: a fault of the program', () => {
    const error = refusal('42601');
    expect(classifyPostgresError(error)).toBe(error);
  });

  test('what has its family keeps it', () => {
    for (const error of [new RetryableError('x'), new StandbySignal('x'), new FatalError('DENIED', 'x', 'y')])
      expect(classifyPostgresError(error)).toBe(error);
  });

  test('the cause is kept for the log', () => {
    expect(classifyPostgresError(lostConnection).cause).toBe(lostConnection);
  });
});

describe('when streaming starts', () => {
  test('a slot that is held means standing by', () => {
    expect(classifyStartError(refusal('55006'), 'freshet')).toBeInstanceOf(StandbySignal);
  });

  test.each([
    ['42704', 'SLOT_MISSING'],
    ['55000', 'SLOT_LOST'],
  ])('%s is about the slot: %s', (state, code) => {
    expect(classifyStartError(refusal(state), 'freshet')).toMatchObject({ code });
  });

  test('anything else is as anywhere', () => {
    expect(classifyStartError(lostConnection, 'freshet')).toBeInstanceOf(RetryableError);
    expect(classifyStartError(refusal('28P01'), 'freshet')).toMatchObject({ code: 'DENIED' });
  });
});

describe('while streaming', () => {
  test('42704 is about the publication: the slot is known to be there', () => {
    expect(classifyReplicationError(refusal('42704'))).toMatchObject({ code: 'PUBLICATION_MISSING' });
  });

  test('what the server refuses without a known reason is tried again', () => {
    expect(classifyReplicationError(refusal('XX000'))).toBeInstanceOf(RetryableError);
  });

  test('a role that lost its rights wants an operator', () => {
    expect(classifyReplicationError(refusal('42501'))).toMatchObject({ code: 'DENIED' });
  });
});
