import { describe, expect, test } from 'vitest';
import { parseKeyTemplate } from '../../../../src/config/parse-key-template.ts';
import type { Change, Row } from '../../../../src/domain/change.ts';
import { type Touch, touches } from '../../../../src/pipeline/plan/touch.ts';
import { compileTemplate } from '../../../../src/template/render-template.ts';
import { tableOf } from '../../../fixtures/pgoutput/encode.ts';

const table = tableOf('products', ['id', 'category_id', 'body']);

function touch(change: Exclude<Change, { kind: 'truncate' }>, isInIdentity = true): readonly Touch[] {
  return touches(change, compileTemplate(parseKeyTemplate('category:${category_id}'), table), isInIdentity);
}

function update(row: Row, old: Row | undefined, isInIdentity?: boolean): readonly Touch[] {
  return touch({ kind: 'update', table, new: row, old }, isInIdentity);
}

test('a new row is stored where none was before', () => {
  const row = ['7', '1', 'text'];
  expect(touch({ kind: 'insert', table, new: row })).toEqual([
    { kind: 'stored', key: 'category:1', row, previous: undefined },
  ]);
});

test('a deleted row is gone', () => {
  const row = ['7', '1', undefined];
  expect(touch({ kind: 'delete', table, old: row })).toEqual([{ kind: 'gone', key: 'category:1', row }]);
});

describe('an update', () => {
  test('that leaves the key as it was has a row before, with what is told of it', () => {
    const old = ['7', '1', 'old'];
    expect(update(['7', '1', 'new'], old)).toEqual([
      { kind: 'stored', key: 'category:1', row: ['7', '1', 'new'], previous: old },
    ]);
  });

  test('without an old row has left the identity alone, and nothing is told of the rest', () => {
    expect(update(['7', '1', 'new'], undefined)).toEqual([
      { kind: 'stored', key: 'category:1', row: ['7', '1', 'new'], previous: [] },
    ]);
  });

  test('without an old row may have moved where the key is more than the identity', () => {
    expect(update(['7', '1', 'new'], undefined, false)).toEqual([
      // First: the purge of all keys spares what has its version, and so what the same change has written.
      { kind: 'untold' },
      { kind: 'stored', key: 'category:1', row: ['7', '1', 'new'], previous: undefined },
    ]);
  });

  test('that moves the row finds none before at the new place', () => {
    const old = ['7', '1', 'old'];
    expect(update(['7', '2', 'old'], old)).toEqual([
      { kind: 'gone', key: 'category:1', row: old },
      { kind: 'stored', key: 'category:2', row: ['7', '2', 'old'], previous: undefined },
    ]);
  });

  test('takes what was not sent again from the old row, for the key and for the value', () => {
    const old = ['7', '1', 'large'];
    expect(update(['8', undefined, undefined], old)).toEqual([
      { kind: 'stored', key: 'category:1', row: ['8', '1', 'large'], previous: old },
    ]);
  });

  test('leaves untold what neither row tells', () => {
    expect(update(['8', '1', undefined], ['7', '1', undefined])).toMatchObject([
      { kind: 'stored', row: ['8', '1', undefined] },
    ]);
    expect(update(['8', undefined, 'x'], ['7', undefined, undefined])).toEqual([
      { kind: 'untold' },
      { kind: 'untold' },
    ]);
  });

  test('from a NULL or an unknown key finds no row before', () => {
    expect(update(['7', '2', 'x'], ['7', null, 'x'])).toMatchObject([
      { kind: 'null' },
      { kind: 'stored', key: 'category:2', previous: undefined },
    ]);
    expect(update(['7', '2', 'x'], ['6', undefined, undefined])).toMatchObject([
      { kind: 'untold' },
      { kind: 'stored', key: 'category:2', previous: undefined },
    ]);
  });

  test('to a NULL leaves the old key only', () => {
    expect(update(['7', null, 'x'], ['7', '1', 'x'])).toMatchObject([
      { kind: 'gone', key: 'category:1' },
      { kind: 'null' },
    ]);
  });
});
