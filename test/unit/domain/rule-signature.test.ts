import { expect, test } from 'vitest';
import { ruleSignature } from '../../../src/domain/rule-signature.ts';
import { ruleOn } from '../pipeline/rule-on.ts';

const FAN_OUT = { each: 'SELECT id AS post FROM posts WHERE author = ${id}', key: 'post:${post}' };

function signatureOf(spec: object, { table = 'public.users', keys = ['user:${id}'] as unknown[] } = {}) {
  return ruleSignature(ruleOn(table, keys as string[], { ...spec }));
}

test.each([
  ['its name', { name: 'a' }, { name: 'b' }],
  ['the order of `on`', { on: ['insert', 'delete'] }, { on: ['delete', 'insert'] }],
  ['how long a value lives', { set: { ttl: '1h' } }, { set: { ttl: '2h', jitter: 0.3 } }],
  ['how long a stale value is served', { stale: { serveFor: '10s' } }, { stale: { serveFor: '20s' } }],
  ['a delete once more', {}, { delete: {}, legacy: { fillGrace: '3s' } }],
  ['how many rows are many', {}, { massChange: { over: 10, then: 'purge' } }],
])('%s makes no other rule of it', (_, before, after) => {
  expect(signatureOf(after)).toBe(signatureOf(before));
});

test('nor does how many keys a query may find', () => {
  const few = { keys: [{ ...FAN_OUT, maxRows: 10 }] };
  expect(signatureOf({}, few)).toBe(signatureOf({}, { keys: [FAN_OUT] }));
});

test.each([
  ['which changes', {}, { on: ['insert'] }],
  ['its condition', { when: `row.status == 'x'` }, { when: `row.status == 'y'` }],
  ['whom it ignores', { ignore: { labels: ['import'] } }, {}],
  ['its action', {}, { stale: { serveFor: '10s' } }],
  ['its columns', { hash: { ttl: '1h' } }, { hash: { columns: ['id'], ttl: '1h' } }],
  [
    'its query',
    { refresh: { query: 'SELECT ${id}', ttl: '1h' } },
    { refresh: { query: 'SELECT -${id}', ttl: '1h' } },
  ],
])('%s does', (_, before, after) => {
  expect(signatureOf(after)).not.toBe(signatureOf(before));
});

test('and so do its table, its keys and their queries', () => {
  const rules = [
    {},
    { table: 'public.people' },
    { keys: ['u:${id}'] },
    { keys: [FAN_OUT] },
    { keys: [{ ...FAN_OUT, each: 'SELECT 1 AS post' }] },
  ];
  expect(new Set(rules.map((rule) => signatureOf({}, rule))).size).toBe(rules.length);
});
