import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Row } from '../../../../src/domain/change.ts';
import type { Message } from '../../../../src/pipeline/decode/message.ts';
import { PgoutputError } from '../../../../src/pipeline/decode/pgoutput-error.ts';
import {
  EagerDecoder,
  normalise,
  RECORDED_MAJORS,
  readExpectation,
  readRecording,
} from '../../../fixtures/pgoutput/recording.ts';

/** Types of message whose content matters; of the others nothing is read, so nothing can be found wrong. */
const READ_TYPES = ['B', 'C', 'R', 'I', 'U', 'D', 'T', 'O', 'M'];
const IGNORED_TYPES = ['Y'];

describe.each(RECORDED_MAJORS)('what Postgres %i sent', (major) => {
  const payloads = readRecording(major);

  test('decodes to the same messages as of every other version', () => {
    const decoder = new EagerDecoder();
    const messages = payloads.map((payload) => decoder.decode(payload));
    expect(normalise(messages)).toEqual(readExpectation());
  });

  test('has every type of message of the protocol', () => {
    expect(new Set(payloads.map(typeOf))).toEqual(new Set([...READ_TYPES, ...IGNORED_TYPES]));
  });

  test('has rising commit positions, and times and transactions of its own day', () => {
    const decoder = new EagerDecoder();
    const messages = payloads.map((payload) => decoder.decode(payload));
    const positions = messages.flatMap((message) => (message.kind === 'commit' ? [message.endLsn] : []));
    expect(positions).toEqual([...new Set(positions)].toSorted((a, b) => (a < b ? -1 : 1)));
    const transactions = messages.flatMap((message) =>
      message.kind === 'begin' ? [message.transaction] : [],
    );
    expect(new Set(transactions.map(({ xid }) => xid)).size).toBe(positions.length);
    // The commit record of each lies between the end of the one before and its own.
    for (const [index, { commitLsn }] of transactions.entries()) {
      expect(commitLsn).toBeLessThan(positions[index] ?? 0n);
      expect(commitLsn).toBeGreaterThanOrEqual(positions[index - 1] ?? 1n);
    }
    for (const { commitTimeMs } of transactions) {
      expect(new Date(commitTimeMs).toISOString()).toMatch(/^20[2-9]/);
    }
  });

  test('is refused when a message is cut off, wherever that is', () => {
    const decoder = new EagerDecoder();
    for (const [index, payload] of payloads.entries()) {
      for (let length = 0; length < payload.length; length++) {
        // A view: the bytes that are missing lie right behind it, where a careless reader would find them.
        const outcome = attempt(decoder, payload.subarray(0, length));
        if (length > 0 && !READ_TYPES.includes(typeOf(payload))) expect(outcome).toEqual({ kind: 'ignored' });
        else expect(outcome, `message ${index} cut to ${length} bytes`).toBeInstanceOf(PgoutputError);
      }
      // The faults before have left no trace.
      expect(attempt(decoder, payload)).not.toBeInstanceOf(PgoutputError);
    }
  });

  test('with one wrong byte is refused, or is another well-formed message', () => {
    const damage = fc.record({
      message: fc.nat({ max: payloads.length - 1 }),
      at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      byte: fc.integer({ min: 1, max: 255 }),
    });
    fc.assert(
      fc.property(damage, ({ message, at, byte }) => {
        const decoder = new EagerDecoder();
        for (const payload of payloads.slice(0, message)) decoder.decode(payload);
        const damaged = Buffer.from(payloads[message] ?? []);
        const index = Math.floor(at * Math.min(damaged.length, 200));
        damaged.writeUInt8(damaged.readUInt8(index) ^ byte, index);
        const outcome = attempt(decoder, damaged);
        if (!(outcome instanceof PgoutputError)) expectWellFormed(outcome);
      }),
      { seed: major, numRuns: 1_000 },
    );
  });
});

test('bytes that were never a message are refused, or a well-formed one by chance', () => {
  const bytes = fc.tuple(
    fc.constantFrom(...READ_TYPES, ...IGNORED_TYPES, '\0', 'Z'),
    fc.uint8Array({ maxLength: 60 }),
  );
  fc.assert(
    fc.property(bytes, ([type, rest]) => {
      const outcome = attempt(new EagerDecoder(), Buffer.concat([Buffer.from(type), rest]));
      if (!(outcome instanceof PgoutputError)) expectWellFormed(outcome);
    }),
    { seed: 1, numRuns: 2_000 },
  );
});

function typeOf(payload: Buffer): string {
  return payload.toString('latin1', 0, 1);
}

/** Any error but a PgoutputError fails the test. */
function attempt(decoder: EagerDecoder, payload: Buffer): Message | PgoutputError {
  try {
    return decoder.decode(payload);
  } catch (error) {
    if (error instanceof PgoutputError) return error;
    throw error;
  }
}

function expectWellFormed(message: Message): void {
  switch (message.kind) {
    case 'begin':
      expect(message.transaction.xid).toSatisfy(isUint32);
      expect(Number.isFinite(message.transaction.commitTimeMs)).toBe(true);
      break;
    case 'commit':
      expect(typeof message.endLsn).toBe('bigint');
      break;
    case 'relation':
      expect(message.table.oid).toSatisfy(isUint32);
      for (const { name, typeOid } of message.table.columns) {
        expect([typeof name, typeof typeOid]).toEqual(['string', 'number']);
      }
      break;
    case 'change': {
      const { change } = message;
      const rows = [...('new' in change ? [change.new] : []), ...('old' in change ? [change.old] : [])];
      for (const row of rows) if (row !== undefined) expectRow(row, change.table.columns.length);
      break;
    }
    case 'truncate':
      expect(message.tables.length).toBeLessThanOrEqual(10);
      break;
    case 'origin':
      expect(typeof message.name).toBe('string');
      break;
    case 'message':
      expect([typeof message.lsn, typeof message.prefix]).toEqual(['bigint', 'string']);
      break;
    case 'unread':
    case 'ignored':
      break;
  }
}

function expectRow(row: Row, columns: number): void {
  expect(row).toHaveLength(columns);
  for (const value of row)
    expect(value === null || value === undefined || typeof value === 'string').toBe(true);
}

function isUint32(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < 2 ** 32;
}
