import { beforeEach, describe, expect, test } from 'vitest';
import { parseLsn } from '../../../../src/domain/lsn.ts';
import { PgoutputDecoder } from '../../../../src/pipeline/decode/pgoutput-decoder.ts';
import { PgoutputError } from '../../../../src/pipeline/decode/pgoutput-error.ts';
import * as pgoutput from '../../../fixtures/pgoutput/encode.ts';

const product = pgoutput.tableOf('product', ['id', 'category_id', 'name']);

let decoder: PgoutputDecoder;
beforeEach(() => {
  decoder = new PgoutputDecoder();
});

/** As the reader does on a Relation message. */
function describeProduct(...wanted: readonly string[]): void {
  decoder.decode(pgoutput.relation(product));
  decoder.want(product, new Set(wanted));
}

test('a begin tells the transaction, its commit record and its commit time in milliseconds since 1970', () => {
  const commitTimeMs = Date.UTC(2025, 2, 1, 12, 30);
  const commitLsn = parseLsn('FFFFFFFF/8');
  expect(decoder.decode(pgoutput.begin({ xid: 0xffff_fffe, commitLsn, commitTimeMs }))).toEqual({
    kind: 'begin',
    transaction: { xid: 0xffff_fffe, commitLsn, commitTimeMs },
  });
});

test('a commit tells the position right behind it', () => {
  const endLsn = parseLsn('FFFFFFFF/10');
  expect(decoder.decode(pgoutput.commit(endLsn))).toEqual({ kind: 'commit', endLsn });
});

test('a relation is described with its columns and identity; pg_catalog has an empty name on the wire', () => {
  expect(decoder.decode(pgoutput.relation(product))).toEqual({ kind: 'relation', table: product });
  expect(decoder.decode(pgoutput.relation({ ...product, schema: '' }))).toMatchObject({
    table: { schema: 'pg_catalog' },
  });
});

describe('rows', () => {
  test('have values in the wanted columns only; NULL is told everywhere, for it costs nothing', () => {
    describeProduct('id', 'name');
    expect(decoder.decode(pgoutput.insert(product, ['7', '10', 'Tea']))).toEqual({
      kind: 'change',
      change: { kind: 'insert', table: product, new: ['7', undefined, 'Tea'] },
    });
    expect(decoder.decode(pgoutput.insert(product, ['7', null, null]))).toMatchObject({
      change: { new: ['7', null, null] },
    });
  });

  test('tell an unchanged TOAST value from NULL', () => {
    describeProduct('id', 'category_id', 'name');
    expect(decoder.decode(pgoutput.update(product, ['7', null, undefined]))).toMatchObject({
      change: { kind: 'update', old: undefined, new: ['7', null, undefined] },
    });
  });

  test('of an old key say nothing outside the identity, although Postgres sends NULL there', () => {
    describeProduct('id', 'category_id', 'name');
    expect(
      decoder.decode(pgoutput.update(product, ['8', '10', 'Tea'], ['K', ['7', null, null]])),
    ).toMatchObject({ change: { old: ['7', undefined, undefined], new: ['8', '10', 'Tea'] } });
    expect(decoder.decode(pgoutput.remove(product, 'K', ['7', null, null]))).toMatchObject({
      change: { kind: 'delete', old: ['7', undefined, undefined] },
    });
  });

  test('of a whole old row tell NULL as what it is', () => {
    describeProduct('id', 'category_id', 'name');
    expect(decoder.decode(pgoutput.remove(product, 'O', ['7', null, 'Tea']))).toMatchObject({
      change: { kind: 'delete', old: ['7', null, 'Tea'] },
    });
  });

  test('of a table that nobody asked for are not read, and still told of: they count within a transaction', () => {
    decoder.decode(pgoutput.relation(product));
    expect(decoder.decode(pgoutput.insert(product, ['7', '10', 'Tea']))).toEqual({ kind: 'unread' });
  });

  test('are asked for again after the table was described again, because its columns may have moved', () => {
    describeProduct('id');
    decoder.decode(pgoutput.relation(product));
    expect(decoder.decode(pgoutput.insert(product, ['7', '10', 'Tea']))).toEqual({ kind: 'unread' });
  });

  test('keep their values when the memory of the message is used again', () => {
    describeProduct('name');
    const payload = pgoutput.insert(product, ['7', '10', 'Tea']);
    const message = decoder.decode(payload);
    payload.fill(0x58);
    expect(message).toMatchObject({ change: { new: [undefined, undefined, 'Tea'] } });
  });
});

test('a truncate lists the tables of one statement that somebody asked for', () => {
  const other = pgoutput.tableOf('other', ['id'], 16_999);
  describeProduct('id');
  decoder.decode(pgoutput.relation(other));
  expect(decoder.decode(pgoutput.truncate(product, other))).toEqual({ kind: 'truncate', tables: [product] });
});

test('a type is none of our business', () => {
  expect(decoder.decode(Buffer.from('Yanything'))).toEqual({ kind: 'ignored' });
});

test('an origin tells its name', () => {
  expect(decoder.decode(pgoutput.origin('import'))).toEqual({ kind: 'origin', name: 'import' });
});

test('a logical message tells its place, prefix and content; one outside of transactions is ignored', () => {
  const lsn = parseLsn('1/10');
  const message = { lsn, prefix: 'freshet.purge', content: '{"table": "žlutý"}' };
  expect(decoder.decode(pgoutput.logicalMessage(message))).toEqual({
    kind: 'message',
    lsn,
    prefix: 'freshet.purge',
    content: Buffer.from('{"table": "žlutý"}'),
  });
  expect(decoder.decode(pgoutput.logicalMessage({ ...message, isTransactional: false }))).toEqual({
    kind: 'ignored',
  });
});

describe('is refused:', () => {
  test.each<[string, () => Buffer]>([
    ['nothing at all', () => Buffer.alloc(0)],
    ['an unknown type of message', () => Buffer.from('S')],
    ['a row of a table that was not described', () => pgoutput.insert({ ...product, oid: 1 }, ['7'])],
    ['a truncate of a table that was not described', () => pgoutput.truncate({ ...product, oid: 1 })],
    ['a row with a column too few', () => pgoutput.insert(product, ['7', '10'])],
    ['bytes behind the row', () => Buffer.concat([pgoutput.insert(product, ['7', '1', 'a']), Buffer.of(0)])],
    ['an insert that holds an old row', () => replaced(pgoutput.insert(product, ['7', '1', 'a']), 5, 'O')],
    ['a delete that holds a new row', () => replaced(pgoutput.remove(product, 'O', ['7', '1', 'a']), 5, 'N')],
    ['an update without a new row', () => replaced(pgoutput.update(product, ['7', '1', 'a']), 5, 'X')],
    [
      'a binary value, which nobody asked for',
      () => replaced(pgoutput.insert(product, ['7', '1', 'a']), 8, 'b'),
    ],
    ['an unknown replica identity', () => replaced(pgoutput.relation(product), 20, '?')],
    // Reading past the end gives zeros, so that zero must never be the oid of a relation.
    ['a relation without an oid', () => pgoutput.relation({ ...product, oid: 0 })],
  ])('%s', (_what, payload) => {
    describeProduct('id', 'name');
    expect(() => decoder.decode(payload())).toThrow(PgoutputError);
  });
});

function replaced(payload: Buffer, at: number, character: string): Buffer {
  const copy = Buffer.from(payload);
  copy.write(character, at);
  return copy;
}
