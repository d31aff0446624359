import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseMigrationMessage } from '../../../src/migrations/parse-migration-message.ts';

const parse = (prefix: string, content: string) => parseMigrationMessage(prefix, Buffer.from(content));

const TABLE = { change: 'altered', oid: 16400, schema: 'Shop', name: 'Item' };
const EVENT = { v: 1, tag: 'ALTER TABLE', tables: [], schemas: [], publications: [] };

describe('a report of the event triggers', () => {
  test('is read whole', () => {
    const table = { ...TABLE, above: [['public', 'root']], shape: 'aa', sameAs: 'bb' };
    const content = {
      ...EVENT,
      tables: [table],
      schemas: [{ oid: 2200, name: 'public' }],
      publications: ['p'],
    };
    expect(parse('freshet.ddl', JSON.stringify(content))).toEqual({
      kind: 'ddl',
      event: {
        tag: 'ALTER TABLE',
        tables: [{ ...table, above: [{ schema: 'public', name: 'root' }] }],
        schemas: [{ oid: 2200, name: 'public' }],
        publications: ['p'],
      },
    });
  });

  test('may leave out what does not apply', () => {
    const message = parse('freshet.ddl', JSON.stringify({ ...EVENT, tables: [TABLE] }));
    expect(message).toMatchObject({ event: { tables: [{ ...TABLE, above: [], shape: undefined }] } });
  });

  test.each([
    ['', 'it is not JSON'],
    ['null', 'the event is not an object'],
    ['[]', 'the event is not an object'],
    [JSON.stringify({ ...EVENT, v: 2 }), 'it is not of version 1: run `freshet setup --ddl`'],
    [JSON.stringify({ ...EVENT, tag: 7 }), 'tag is not a text'],
    [JSON.stringify({ ...EVENT, tables: {} }), 'tables is not a list'],
    [JSON.stringify({ ...EVENT, tables: [{ ...TABLE, oid: -1 }] }), 'oid is not an object identifier'],
    [JSON.stringify({ ...EVENT, tables: [{ ...TABLE, oid: 2 ** 32 }] }), 'oid is not an object identifier'],
    [
      JSON.stringify({ ...EVENT, tables: [{ ...TABLE, change: 'gone' }] }),
      'change is none of created, altered and dropped',
    ],
    [
      JSON.stringify({ ...EVENT, tables: [{ ...TABLE, above: ['public.r'] }] }),
      'a table above is not a list',
    ],
  ])('%s is unreadable', (content, reason) => {
    expect(parse('freshet.ddl', content)).toEqual({ kind: 'unreadable', prefix: 'freshet.ddl', reason });
  });
});

describe('an ordered purge', () => {
  test.each([
    ['', { kind: 'all' }],
    ['{}', { kind: 'all' }],
    ['{"rule": "product"}', { kind: 'rule', rule: 'product' }],
    ['{"table": "public.users"}', { kind: 'table', table: { schema: 'public', name: 'users' } }],
    ['{"table": "\\"Shop\\".\\"Item\\""}', { kind: 'table', table: { schema: 'Shop', name: 'Item' } }],
  ])('%s', (content, order) => {
    expect(parse('freshet.purge', content)).toEqual({ kind: 'purge', order });
  });

  test.each([
    ['public.users', 'it is not JSON'],
    ['"public.users"', 'the order is not an object'],
    ['{"tabel": "public.users"}', 'its field is neither table nor rule'],
    ['{"table": "users"}', 'table is not a name with its schema, as in SQL: public.users'],
    ['{"table": null}', 'table is not a text'],
    ['{"rule": ""}', 'rule is not a text'],
    ['{"rule": "a", "table": "b.c"}', 'it has more than one field'],
  ])('%s is unreadable, not an order for all', (content, reason) => {
    expect(parse('freshet.purge', content)).toEqual({ kind: 'unreadable', prefix: 'freshet.purge', reason });
  });
});

test('bytes that are no text are unreadable', () => {
  const message = parseMigrationMessage('freshet.purge', Buffer.from([0x7b, 0xff, 0x7d]));
  expect(message).toMatchObject({ kind: 'unreadable', reason: 'it is not JSON' });
});

test('messages of others are none of our business', () => {
  expect(parse('freshet', '{}')).toBeUndefined();
  expect(parse('other', 'anything')).toBeUndefined();
});

test('whatever anyone sends, it never throws, and repeats nothing of it', () => {
  const content = fc.oneof(
    fc.json(),
    fc.string(),
    fc.record({ v: fc.constant(1), tables: fc.jsonValue() }).map((v) => JSON.stringify(v)),
  );
  fc.assert(
    fc.property(fc.constantFrom('freshet.ddl', 'freshet.purge'), content, (prefix, text) => {
      const message = parse(prefix, text);
      return message?.kind !== 'unreadable' || text.length < 12 || !message.reason.includes(text);
    }),
  );
});
