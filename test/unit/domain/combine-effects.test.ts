import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { combineEffects, MAX_PART_MEMBERS } from '../../../src/domain/combine-effects.ts';
import type { CacheKey, KeyEffect, Origin, Write } from '../../../src/domain/effect.ts';
import { formatVersion, type Version } from '../../../src/domain/version.ts';
import { apply, type Value } from './applied-write.ts';

const key = 'product:7' as CacheKey;
const EXPIRY = { ttlMs: 1_000, jitter: 0 };

function version(ordinal: number): Version {
  return { epoch: 1, commitLsn: 1n, ordinal };
}

function originOf(rule: string): Origin {
  return { rule, template: 'product:${id}', pattern: 'product:*' };
}

function write(content: Write, at = 1): KeyEffect {
  return { kind: 'write', key, write: content, version: version(at), origin: originOf('writer') };
}

function set(value: string): Write {
  return { op: 'set', value, expiry: EXPIRY };
}

function hash(written: Readonly<Record<string, string | null>>, isComplete: boolean, replaces?: true): Write {
  const part = { op: 'hash', fields: new Map(Object.entries(written)), isComplete, expiry: EXPIRY } as const;
  return replaces === undefined ? part : { ...part, replaces };
}

function sortedSet(scores: Readonly<Record<string, string | null>>, isComplete = false): Write {
  return { op: 'sortedSet', members: new Map(Object.entries(scores)), isComplete, expiry: EXPIRY };
}

const REMOVE: Write = { op: 'remove' };

const purgeTag: KeyEffect = { kind: 'purgeTag', key, origin: originOf('tagger') };
const remove: KeyEffect = { kind: 'delete', key, origin: originOf('deleter') };
const stale: KeyEffect = { kind: 'stale', key, serveMs: 500, origin: originOf('marker') };

describe('the stronger kind wins, whichever came first', () => {
  test.each([
    ['purgeTag over delete', purgeTag, remove],
    ['purgeTag over write', purgeTag, write(set('v'))],
    ['delete over stale', remove, stale],
    ['delete over write', remove, write(set('v'))],
    ['stale over write', stale, write(set('v'))],
  ])('%s', (_what, stronger, weaker) => {
    for (const combined of [combineEffects(stronger, weaker), combineEffects(weaker, stronger)]) {
      expect(combined).toMatchObject({ kind: stronger.kind, origin: stronger.origin });
    }
  });

  test('and keeps the version of a write that gives way, so that an older one stays out', () => {
    expect(combineEffects(write(set('v'), 4), remove)).toEqual({ ...remove, version: version(4) });
    expect(combineEffects(remove, write(set('v'), 4))).toEqual({ ...remove, version: version(4) });
    const both = combineEffects(combineEffects(write(set('v'), 4), remove), write(set('w'), 5));
    expect(both).toEqual({ ...remove, version: version(5) });
  });

  test('of two alike nothing new is made', () => {
    expect(combineEffects(remove, { ...remove })).toBe(remove);
    expect(combineEffects(purgeTag, { ...purgeTag })).toBe(purgeTag);
    expect(combineEffects(stale, { ...stale })).toBe(stale);
  });
});

describe('what may be served of two', () => {
  test('marks is the shorter time', () => {
    const shorter: KeyEffect = { ...stale, serveMs: 200 };
    expect(combineEffects(stale, shorter)).toEqual({ ...stale, serveMs: 200 });
    expect(combineEffects(shorter, stale)).toBe(shorter);
  });

  test('is nothing where one of them writes: it lets nobody see the old value, and the mark not the new one', () => {
    const gone = { ...stale, serveMs: 0, version: version(4) };
    expect(combineEffects(write(set('v'), 4), stale)).toEqual(gone);
    expect(combineEffects(stale, write(set('v'), 4))).toEqual(gone);
    expect(combineEffects(combineEffects(stale, write(set('v'), 4)), stale)).toEqual(gone);
  });
});

test('of two deletes the one is done once more after the longer grace', () => {
  const legacy: KeyEffect = { ...remove, fillGraceMs: 2_000 };
  expect(combineEffects(remove, legacy)).toEqual(legacy);
  expect(combineEffects(legacy, remove)).toBe(legacy);
  expect(combineEffects({ ...legacy, fillGraceMs: 500 }, legacy)).toEqual(legacy);
  expect(combineEffects(write(set('v'), 4), combineEffects(legacy, stale))).toEqual({
    ...legacy,
    version: version(4),
  });
});

describe('of two writes the result is that of both, one after the other', () => {
  test.each<[string, Write, Write, Write]>([
    ['the later value', set('old'), set('new'), set('new')],
    ['a removal after a value', set('old'), REMOVE, REMOVE],
    ['a value after a removal', REMOVE, set('new'), set('new')],
    [
      'parts of a hash add up',
      hash({ a: '1', b: '1' }, false),
      hash({ b: null, c: '2' }, false),
      hash({ a: '1', b: null, c: '2' }, false),
    ],
    [
      'a part after the whole leaves the whole',
      hash({ a: '1', b: '1' }, true),
      hash({ b: '2' }, false),
      hash({ a: '1', b: '2' }, true),
    ],
    [
      'the fields of two rules stay',
      hash({ a: '1' }, true),
      hash({ b: '2' }, true),
      hash({ a: '1', b: '2' }, true),
    ],
    ['a part has nothing to go into', REMOVE, hash({ a: '1' }, false), REMOVE],
    ['a part does not go into a string', set('text'), hash({ a: '1' }, false), REMOVE],
    [
      'a whole hash takes the place of all',
      set('text'),
      hash({ a: '1' }, true),
      hash({ a: '1' }, true, true),
    ],
    [
      'parts of a sorted set add up',
      sortedSet({ a: '1', b: '1' }),
      sortedSet({ b: null, c: '2' }),
      sortedSet({ a: '1', b: null, c: '2' }),
    ],
    [
      'a part after the whole set leaves the whole',
      sortedSet({ a: '1' }, true),
      sortedSet({ b: '2' }),
      sortedSet({ a: '1', b: '2' }, true),
    ],
    ['a whole set takes the place of all', sortedSet({ a: '1' }), sortedSet({}, true), sortedSet({}, true)],
    ['a part of a set has nothing to go into', REMOVE, sortedSet({ a: '1' }), REMOVE],
    ['a part of a set does not go into a hash', hash({ a: '1' }, true), sortedSet({ a: '1' }), REMOVE],
    ['a part of a hash does not go into a set', sortedSet({ a: '1' }, true), hash({ a: '1' }, false), REMOVE],
    ['and that of a hash removed', REMOVE, hash({ a: '1' }, true), hash({ a: '1' }, true, true)],
  ])('%s', (_what, first, second, expected) => {
    const combined = combineEffects(write(first, 1), write(second, 2));
    expect(combined).toEqual({ ...write(second, 2), write: expected });
  });
});

test('beyond so many members of one set in a batch the set goes', () => {
  const many = sortedSet(
    Object.fromEntries(Array.from({ length: MAX_PART_MEMBERS }, (_, n) => [`m${n}`, '1'])),
  );
  expect(combineEffects(write(many, 1), write(sortedSet({ m0: '2' }), 2))).toMatchObject({
    write: { op: 'sortedSet' },
  });
  expect(combineEffects(write(many, 1), write(sortedSet({ n: '2' }), 2))).toMatchObject({ write: REMOVE });
});

describe('a refresh with a part, for where the key exists', () => {
  const query = { source: 'SELECT 1', texts: ['SELECT 1'], parameters: [], columns: [] };
  const action = { query, as: 'string', always: true, expiry: EXPIRY } as const;

  function refresh(at: number, part?: Write): KeyEffect {
    const read = {
      kind: 'refresh',
      key,
      action,
      values: [],
      version: version(at),
      origin: originOf('r'),
    } as const;
    return part === undefined ? read : { ...read, part };
  }

  test.each<[string, KeyEffect, KeyEffect, KeyEffect]>([
    [
      'adds up',
      refresh(1, sortedSet({ a: '1' })),
      refresh(2, sortedSet({ b: '2' })),
      refresh(2, sortedSet({ a: '1', b: '2' })),
    ],
    [
      'has nothing to go into after a removal',
      write(REMOVE, 1),
      refresh(2, sortedSet({ a: '1' })),
      refresh(2, REMOVE),
    ],
    ['is over after a removal', refresh(1, sortedSet({ a: '1' })), write(REMOVE, 2), write(REMOVE, 2)],
    ['is over without a part too: its row has left', refresh(1), write(REMOVE, 2), write(REMOVE, 2)],
    ['is read for the row that comes after', write(REMOVE, 1), refresh(2), refresh(2)],
    ['will not do where another wants it read', refresh(1), refresh(2, sortedSet({ a: '1' })), refresh(2)],
    ['nor the other way round', refresh(1, sortedSet({ a: '1' })), refresh(2), refresh(2)],
  ])('%s', (_what, first, second, expected) => {
    expect(combineEffects(first, second)).toEqual(expected);
  });
});

const field = fc.constantFrom('a', 'b');
const fields = fc.dictionary(field, fc.option(fc.constantFrom('1', '2')), {
  maxKeys: 3,
  noNullPrototype: true,
});
/** Of one rule: all fields, one of which is never NULL, or those that changed. */
const whole = fc.record({
  a: fc.constantFrom('1', '2'),
  b: fc.option(fc.constantFrom('1', '2')),
  c: fc.constant('3'),
});
const content: fc.Arbitrary<Write> = fc.oneof(
  fc.constant(REMOVE),
  fc.constantFrom('x', 'y').map(set),
  fields.map((each) => hash(each, false)),
  whole.map((each) => hash(each, true)),
  fields.map((each) => sortedSet(each)),
  whole.map((each) => sortedSet(each, true)),
);
const contents = fc.array(content, { minLength: 1, maxLength: 8 });

const removal: fc.Arbitrary<KeyEffect> = fc.constantFrom(
  purgeTag,
  remove,
  { ...remove, fillGraceMs: 2_000 },
  stale,
  { ...stale, serveMs: 200, origin: originOf('other-marker') },
);

const effects: fc.Arbitrary<readonly KeyEffect[]> = fc
  .array(fc.oneof({ weight: 4, arbitrary: content }, { weight: 2, arbitrary: removal }), {
    minLength: 1,
    maxLength: 8,
  })
  .map((all) => all.map((each, index) => ('kind' in each ? each : write(each, index + 1))));

test('in whatever groups, combining gives the same', () => {
  const grouped = effects.chain((all) =>
    fc.tuple(fc.constant(all), fc.array(fc.nat({ max: 7 }), { maxLength: 8 })),
  );
  fc.assert(
    fc.property(grouped, ([all, cuts]) => {
      const inOnePass = all.reduce(combineEffects);
      const groups = splitAt(all, cuts).map((group) => group.reduce(combineEffects));
      const { kind, version: at } = groups.reduce(combineEffects);
      expect([kind, at]).toEqual([inOnePass.kind, inOnePass.version]);
      expect(groups.reduce(combineEffects)).toEqual(inOnePass);
    }),
    { numRuns: 1_000 },
  );
});

test('combined writes leave in Redis what they leave one by one, whatever was there', () => {
  const before: fc.Arbitrary<Value> = fc.oneof(
    fc.constant(undefined),
    fc.constant('text'),
    // One member that no part takes out: a set is never empty in between.
    fields.map((each) => ({ scores: new Map([...scoresOf(each), ['kept', '1']]) })),
    whole.map(
      (each) =>
        new Map(
          Object.entries(each).flatMap(([name, value]) => (value === null ? [] : [[name, value] as const])),
        ),
    ),
  );
  fc.assert(
    fc.property(contents, before, (all, start) => {
      const combined = all.map((each, index) => write(each, index)).reduce(combineEffects);
      if (combined.kind !== 'write') throw new Error(`writes became a ${combined.kind}`);
      expect(apply(start, combined.write)).toEqual(all.reduce(apply, start));
    }),
    { numRuns: 2_000 },
  );
});

test('the version is the greatest of all', () => {
  fc.assert(
    fc.property(effects, (all) => {
      const versions = all.flatMap(({ version: at }) => (at === undefined ? [] : formatVersion(at)));
      const { version: at } = all.reduce(combineEffects);
      expect(at === undefined ? undefined : formatVersion(at)).toBe(versions.toSorted().at(-1));
    }),
  );
});

function scoresOf(scores: Readonly<Record<string, string | null>>): readonly (readonly [string, string])[] {
  return Object.entries(scores).flatMap(([member, score]) =>
    score === null ? [] : [[member, score] as const],
  );
}

function splitAt<T>(items: readonly T[], cuts: readonly number[]): readonly (readonly T[])[] {
  const at = new Set(cuts);
  const groups: T[][] = [];
  for (const [index, item] of items.entries()) {
    if (index === 0 || at.has(index)) groups.push([]);
    groups.at(-1)?.push(item);
  }
  return groups;
}
