import { beforeEach, expect, test } from 'vitest';
import { ByteReader } from '../../../../src/pipeline/decode/byte-reader.ts';
import { PgoutputError } from '../../../../src/pipeline/decode/pgoutput-error.ts';

const reader = new ByteReader();
beforeEach(() => reader.reset(Buffer.from([0xff, 0xfe, 0xfd, 0xfc, 0, 0, 0, 7, 0x41, 0xc3, 0xa9, 0, 0x42])));

test('integers are big-endian, signed only where they say so', () => {
  expect(reader.uint8()).toBe(0xff);
  expect(reader.uint16()).toBe(0xfefd);
  reader.reset(Buffer.from([0xff, 0xff, 0xff, 0xfe, 0xff, 0xff, 0xff, 0xfe]));
  expect(reader.int32()).toBe(-2);
  expect(reader.uint32()).toBe(0xffff_fffe);
  reader.reset(Buffer.from([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 1]));
  expect(reader.uint64()).toBe(0xffff_ffff_0000_0001n);
});

test('a name ends at its zero byte, a text after its length in bytes', () => {
  reader.skip(8);
  expect(reader.cstring()).toBe('Aé');
  expect(reader.text(1)).toBe('B');
  reader.finish();
});

test('finish wants exactly the whole message', () => {
  reader.skip(12);
  expect(() => reader.finish()).toThrow(new PgoutputError('the message has 1 bytes too many'));
  reader.uint16();
  expect(() => reader.finish()).toThrow(new PgoutputError('the message ends 1 bytes too early'));
});

test('a length that is negative or beyond the end is refused', () => {
  expect(() => reader.text(-1)).toThrow(PgoutputError);
  expect(() => reader.text(14)).toThrow(PgoutputError);
  reader.uint64();
  expect(() => reader.skip(6)).toThrow(PgoutputError);
});

test('a name without an end is refused', () => {
  reader.skip(12);
  expect(() => reader.cstring()).toThrow(PgoutputError);
  reader.uint64();
  expect(() => reader.cstring()).toThrow(PgoutputError);
});

test('what lies behind the message in the same memory is never read', () => {
  const memory = Buffer.from('SECRET');
  reader.reset(memory.subarray(0, 1));
  expect([reader.uint8(), reader.uint8(), reader.uint32(), reader.uint64()]).toEqual([0x53, 0, 0, 0n]);
});
