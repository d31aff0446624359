import { describe, expect, test } from 'vitest';
import { checkWrittenValues } from '../../../../src/preflight/checks/check-written-values.ts';
import type { RelationFacts } from '../../../../src/preflight/facts/relation-facts.ts';
import { column, relation, rule, ruled } from '../facts.ts';

const ALL = 'insert, update, delete, truncate';

function find(action: string, facts: Partial<RelationFacts> = {}, on = ALL) {
  return checkWrittenValues([ruled([rule(['post:${id}'], on, 'post', action)], facts)], false);
}

function codes(...args: Parameters<typeof find>): readonly string[] {
  return find(...args).map(({ severity, code }) => `${severity} ${code}`);
}

const SMALL = [
  column('id'),
  column('n', 'numeric'),
  column('name', 'varchar', { sqlType: 'character varying(40)' }),
];
const LARGE = [...SMALL, column('body', 'text'), column('doc', 'jsonb')];

describe('checkWrittenValues', () => {
  test('has nothing to say of values that cannot be large', () => {
    expect(codes('set: {ttl: 1h}', { columns: SMALL })).toEqual([]);
    expect(codes('set: {ttl: 1h, columns: [id, name]}', { columns: LARGE })).toEqual([]);
    expect(codes("set: {ttl: 1h, template: '${name}'}", { columns: LARGE })).toEqual([]);
  });

  test.each(['set: {ttl: 1h}', 'set: {ttl: 1h, columns: [body]}', "set: {ttl: 1h, template: '${body}'}"])(
    'notes that %s may have to delete the key, and how not to',
    (action) => {
      const [finding] = find(action, { columns: LARGE });
      expect(finding).toMatchObject({ code: 'VALUE_MAY_BE_UNSENT', severity: 'info', subject: 'rule post' });
      expect(finding?.message).toMatch(/writes body/);
      expect(finding?.remedy).toMatch(/^ALTER TABLE public\.posts REPLICA IDENTITY FULL;$/m);
    },
  );

  test('does not where the whole old row is sent, nor where no UPDATE is listened to', () => {
    expect(codes('set: {ttl: 1h}', { columns: LARGE, identity: 'full' })).toEqual([]);
    expect(codes('set: {ttl: 1h}', { columns: LARGE }, 'insert, delete, truncate')).toEqual([
      'warning VALUE_NOT_FOLLOWED',
    ]);
  });

  test('does not for a hash, which keeps the field', () => {
    expect(codes('hash: {ttl: 1h}', { columns: LARGE })).toEqual([]);
  });

  test('looks at every partition, and mends those that need it', () => {
    const table = ruled([rule(['post:${id}'], ALL, 'post', 'set: {ttl: 1h}')], { kind: 'p' });
    const leaves = [
      relation({ name: 'posts_1', columns: LARGE, identity: 'full' }),
      relation({ name: 'posts_2', columns: LARGE }),
    ];
    const [finding] = checkWrittenValues([{ ...table, leaves }], false);
    expect(finding?.remedy).toContain('public.posts_2');
    expect(finding?.remedy).not.toContain('public.posts_1');
  });

  test.each(['set: {ttl: 1h}', 'hash: {ttl: 1h}'])('warns where %s would leave an old value', (action) => {
    const [finding] = find(action, { columns: SMALL }, 'insert, update');
    expect(finding).toMatchObject({ code: 'VALUE_NOT_FOLLOWED', severity: 'warning' });
    expect(finding?.message).toContain('DELETE and TRUNCATE');
    expect(codes(action, { columns: SMALL }, 'update, delete, truncate')).toEqual([]);
  });

  test('says which generated columns a value of all columns is without', () => {
    const columns = [...SMALL, column('total', 'numeric', { generated: 'stored' })];
    const [finding] = find('set: {ttl: 1h}', { columns });
    expect(finding).toMatchObject({ code: 'VALUE_LACKS_GENERATED', severity: 'info' });
    expect(finding?.message).toContain('total');
    expect(codes('set: {ttl: 1h, columns: [id]}', { columns })).toEqual([]);
    const rules = [rule(['post:${id}'], ALL, 'post', 'hash: {ttl: 1h}')];
    expect(checkWrittenValues([ruled(rules, { columns })], true)).toEqual([]);
  });

  test('leaves rules alone that write nothing', () => {
    expect(codes('delete: {}', { columns: LARGE }, 'insert')).toEqual([]);
    expect(codes('publish: {channel: c}', { columns: LARGE }, 'insert')).toEqual([]);
  });
});
