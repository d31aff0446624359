import { describe, expect, test } from 'vitest';
import { parseKeyTemplate } from '../../../../src/config/parse-key-template.ts';
import { parseSqlTemplate } from '../../../../src/config/parse-sql-template.ts';
import type { Row } from '../../../../src/domain/change.ts';
import type { CacheKey, Effect, Write } from '../../../../src/domain/effect.ts';
import { effectOnAll } from '../../../../src/domain/effect-on-all.ts';
import type { RuleAction } from '../../../../src/domain/rule.ts';
import type { Version } from '../../../../src/domain/version.ts';
import { compileAction } from '../../../../src/pipeline/plan/compile-action.ts';
import { tableOf } from '../../../fixtures/pgoutput/encode.ts';

const table = tableOf('products', ['id', 'price', 'note']);
const TEMPLATE = parseKeyTemplate('product:${id}');
const key = 'product:7' as CacheKey;
const origin = { rule: 'product', template: 'product:${id}', pattern: 'product:*' };
const VERSION: Version = { epoch: 1, commitLsn: 2n, ordinal: 3 };
const expiry = { ttlMs: 1_000, jitter: 0.1 };

const SET: RuleAction = { kind: 'set', columns: undefined, template: undefined, expiry };
const HASH: RuleAction = { kind: 'hash', columns: ['id', 'note'], nulls: 'remove', expiry };
const REMOVING: readonly RuleAction[] = [
  { kind: 'delete' },
  { kind: 'delete', fillGraceMs: 2_000 },
  { kind: 'stale', serveMs: 500 },
  { kind: 'purgeTag' },
  { kind: 'purgePattern' },
  { kind: 'publish', to: 'channel', name: 'changes' },
];

function noVersion(): never {
  throw new Error('an action that only removes asked for a version');
}

function stored(action: RuleAction, row: Row, previous?: Row): Effect {
  return compileAction({ action, table }, TEMPLATE, table)(
    { kind: 'stored', key, row, previous },
    origin,
    () => VERSION,
  );
}

function written(effect: Effect): Write {
  if (effect.kind !== 'write') throw new Error(`a write became a ${effect.kind}`);
  return effect.write;
}

test('an action that removes does the same for a row that came and one that went, and needs no version', () => {
  for (const action of REMOVING) {
    const onOne = compileAction({ action, table }, TEMPLATE, table);
    const came = onOne({ kind: 'stored', key, row: ['7', '1', 'x'], previous: undefined }, origin, noVersion);
    expect(onOne({ kind: 'gone', key, row: ['7', '1', 'x'] }, origin, noVersion)).toEqual(came);
    expect(came).not.toHaveProperty('version');
    expect(effectOnAll(action, origin, noVersion)).not.toHaveProperty('version');
  }
});

test('a delete for readers without leases is to be done once more, of one key or of all', () => {
  const action: RuleAction = { kind: 'delete', fillGraceMs: 2_000 };
  expect(stored(action, ['7', '1', 'x'])).toEqual({ kind: 'delete', key, origin, fillGraceMs: 2_000 });
  expect(effectOnAll(action, origin)).toEqual({
    kind: 'purge',
    of: 'keys',
    pattern: 'product:*',
    origin,
    fillGraceMs: 2_000,
  });
});

test('stale marks one key, and purges where it cannot tell which', () => {
  const action: RuleAction = { kind: 'stale', serveMs: 500 };
  expect(stored(action, ['7', '1', 'x'])).toEqual({ kind: 'stale', key, serveMs: 500, origin });
  expect(effectOnAll(action, origin)).toEqual({ kind: 'purge', of: 'keys', pattern: 'product:*', origin });
});

describe('an action that writes', () => {
  test.each([
    ['set', SET],
    ['hash', HASH],
  ])('%s removes with a version, one key or all', (_kind, action) => {
    const gone = compileAction({ action, table }, TEMPLATE, table)(
      { kind: 'gone', key, row: ['7', null, null] },
      origin,
      () => VERSION,
    );
    expect(gone).toEqual({ kind: 'write', key, write: { op: 'remove' }, version: VERSION, origin });
    expect(effectOnAll(action, origin, () => VERSION)).toEqual({
      kind: 'purge',
      of: 'keys',
      pattern: 'product:*',
      origin,
      version: VERSION,
    });
    // Ordered by a person or for a new rule: there is no change that it could come after.
    expect(effectOnAll(action, origin)).not.toHaveProperty('version');
  });

  test.each([
    ['set', SET],
    ['hash', HASH],
  ])('%s removes what it cannot write in full, with a version too', (_kind, action) => {
    expect(stored(action, ['7', '1', undefined])).toEqual({
      kind: 'write',
      key,
      write: { op: 'remove' },
      version: VERSION,
      origin,
    });
  });

  test('set writes an entry where the rule says so, of columns or a template', () => {
    const entry = { op: 'set', expiry, asEntry: true };
    expect(written(stored({ ...SET, asEntry: true, columns: ['id'] }, ['7', '1', 'x']))).toEqual({
      ...entry,
      value: '{"id":"7"}',
    });
    const template = parseKeyTemplate('costs ${price}');
    expect(written(stored({ ...SET, asEntry: true, template }, ['7', '1', 'x']))).toEqual({
      ...entry,
      value: 'costs 1',
    });
  });

  test('set writes the columns that the row tells, also where a later one is missing', () => {
    const ids: RuleAction = { ...SET, columns: ['price', 'id'] };
    expect(stored(ids, ['7', null, undefined])).toMatchObject({
      write: { op: 'set', value: '{"price":null,"id":"7"}', expiry },
      version: VERSION,
    });
  });

  test('hash writes a part only of a row that was under the key before', () => {
    expect(written(stored(HASH, ['7', '1', 'new'], ['7', '1', 'old']))).toEqual({
      op: 'hash',
      fields: new Map([['note', 'new']]),
      isComplete: false,
      expiry,
    });
    expect(written(stored(HASH, ['7', '1', undefined], []))).toMatchObject({ isComplete: false });
    expect(written(stored(HASH, ['7', '1', 'new'], []))).toMatchObject({
      fields: new Map([
        ['id', '7'],
        ['note', 'new'],
      ]),
      isComplete: true,
    });
  });

  test('hash writes a whole row where the one before had no value, and so no hash', () => {
    const notes: RuleAction = { ...HASH, columns: ['price', 'note'] };
    const whole = { op: 'hash', fields: new Map([['note', 'new']]), isComplete: true, expiry };
    expect(written(stored(notes, ['7', null, 'new'], ['7', null, null]))).toEqual(whole);
    const empty: RuleAction = { ...notes, nulls: 'empty' };
    expect(written(stored(empty, ['7', null, 'new'], ['7', null, null]))).toEqual({
      ...whole,
      isComplete: false,
    });
  });

  test('hash never takes a column that the table has lost for one that is unchanged', () => {
    const lost: RuleAction = { ...HASH, columns: ['id', 'renamed'] };
    for (const previous of [undefined, [], ['7', '1', 'old']]) {
      expect(written(stored(lost, ['7', '1', 'new'], previous))).toEqual({ op: 'remove' });
    }
  });
});

test.each([
  ['id', 'product:${id}', 'refresh'],
  ['price', 'products-at:${price}', 'refresh'],
  // There its query would find the row that has left, where no later change of it looks.
  ['id', 'product:${note}', 'write'],
  ['id', 'product:${note}:${id}', 'write'],
])('a key that lost its row is read again by %s: %s becomes a %s', (column, text, kind) => {
  const query = parseSqlTemplate(`SELECT * FROM products WHERE ${column} = \${${column}}`);
  const action: RuleAction = { kind: 'refresh', query, as: 'json', always: false, expiry };
  const onOne = compileAction({ action, table }, parseKeyTemplate(text), table);
  const effect = onOne({ kind: 'gone', key, row: ['7', '1', 'x'] }, origin, () => VERSION);
  expect(effect.kind).toBe(kind);
  if (effect.kind === 'write') expect(effect.write).toEqual({ op: 'remove' });
});
