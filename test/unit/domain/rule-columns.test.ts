import { expect, test } from 'vitest';
import {
  columnsNamed,
  columnsRead,
  columnsWritten,
  oldColumnsRead,
} from '../../../src/domain/rule-columns.ts';
import { ruleOn } from '../pipeline/rule-on.ts';

interface Case {
  readonly title: string;
  /** Of a rule with the key `user:${id}` unless it says otherwise. */
  readonly spec: object;
  /** What it reads of a row. */
  readonly read: readonly string[];
  /** What it needs of the old row; the key alone unless it says otherwise. */
  readonly old?: readonly string[];
  /** Nothing unless it says otherwise. */
  readonly written?: readonly string[] | 'all';
  /** What it cannot do without; what it reads unless it says otherwise. */
  readonly named?: readonly string[];
}

const ttl = '1h';
const ON_BOTH_ROWS = { when: `row.a == 'x' || old.b == 'x' || changed('c')` };

const CASES: readonly Case[] = [
  { title: 'delete', spec: {}, read: ['id'] },
  { title: 'several keys', spec: { keys: ['a:${a}', 'b:${b}:${a}'] }, read: ['a', 'b'], old: ['a', 'b'] },
  { title: 'a constant key', spec: { keys: ['users'] }, read: [], old: [] },
  { title: 'stale', spec: { stale: { serveFor: '30s' } }, read: ['id'] },
  { title: 'publish', spec: { publish: { channel: 'news' } }, read: ['id'] },
  { title: 'purgeTag', spec: { purgeTag: {} }, read: ['id'] },
  { title: 'purgePattern', spec: { keys: ['user:${id}:*'], purgePattern: {} }, read: ['id'] },

  { title: 'set', spec: { set: { ttl } }, read: ['id'], written: 'all' },
  {
    title: 'set with columns',
    spec: { set: { ttl, columns: ['a', 'b'] } },
    read: ['id', 'a', 'b'],
    written: ['a', 'b'],
  },
  {
    title: 'set with a template',
    spec: { set: { ttl, template: '${a} of ${b}' } },
    read: ['id', 'a', 'b'],
    written: ['a', 'b'],
  },
  { title: 'hash', spec: { hash: { ttl } }, read: ['id'], written: 'all' },
  { title: 'hash with columns', spec: { hash: { ttl, columns: ['a'] } }, read: ['id', 'a'], written: ['a'] },
  {
    title: 'sortedSet',
    spec: { sortedSet: { ttl, member: '${a}:${b}', score: 'c' } },
    read: ['id', 'a', 'b', 'c'],
    old: ['id', 'a', 'b'],
    written: ['a', 'b', 'c'],
  },
  { title: 'refresh', spec: { refresh: { ttl, query: 'SELECT ${a}, ${b}' } }, read: ['id', 'a', 'b'] },
  { title: 'counter of rows', spec: { counter: { ttl, count: {} } }, read: ['id'] },
  { title: 'counter of a sum', spec: { counter: { ttl, sum: 'a' } }, read: ['id'], named: ['id', 'a'] },

  {
    title: 'fan-out',
    spec: { keys: [{ each: 'SELECT post FROM posts WHERE author = ${a}', key: 'post:${post}' }] },
    read: ['a'],
    old: ['a'],
  },
  {
    title: 'fan-out of a rule on inserts',
    spec: { on: ['insert'], keys: [{ each: 'SELECT ${a} AS x', key: 'x:${x}' }] },
    read: ['a'],
    old: [],
  },

  { title: 'when on both rows', spec: ON_BOTH_ROWS, read: ['id', 'a', 'b', 'c'], old: ['id', 'b', 'c'] },
  {
    title: 'when on the new row',
    spec: { when: `row.a == 'x' && row.b != 'y'` },
    read: ['id', 'a', 'b'],
  },
  { title: 'when on no column', spec: { when: `op == 'insert'` }, read: ['id'] },
  {
    title: 'when of a rule on deletes, true where it is undecided',
    spec: { ...ON_BOTH_ROWS, on: ['insert', 'delete'] },
    read: ['id', 'a', 'b', 'c'],
  },
  {
    title: 'when of a rule on inserts',
    spec: { ...ON_BOTH_ROWS, on: ['insert'] },
    read: ['id', 'a', 'b', 'c'],
    old: [],
  },
  { title: 'a rule on updates', spec: { on: ['update'] }, read: ['id'] },
  { title: 'a rule on truncates', spec: { on: ['truncate'] }, read: ['id'], old: [] },
  {
    title: 'a sorted set on inserts',
    spec: { on: ['insert'], sortedSet: { ttl, member: '${a}', score: 'c' } },
    read: ['id', 'a', 'c'],
    old: [],
    written: ['a', 'c'],
  },
];

test.each(CASES)('$title', ({ spec, read, old = ['id'], written = [], named = read }) => {
  const rule = ruleOn('public.users', ['user:${id}'], { ...spec });
  expect({
    read: new Set(columnsRead(rule)),
    old: new Set(oldColumnsRead(rule)),
    written: columnsWritten(rule.action) ?? 'all',
    named: new Set(columnsNamed(rule)),
  }).toEqual({ read: new Set(read), old: new Set(old), written, named: new Set(named) });
});
