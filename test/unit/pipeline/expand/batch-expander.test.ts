import { describe, expect, test } from 'vitest';
import type { Batch } from '../../../../src/domain/batch.ts';
import { QueryTimeoutError, RetryableError } from '../../../../src/domain/errors.ts';
import { toLsn } from '../../../../src/domain/lsn.ts';
import { BatchExpander, type FindExisting } from '../../../../src/pipeline/expand/batch-expander.ts';
import { MAX_MEMBERS } from '../../../../src/sql/derived-query.ts';
import { ruleOn } from '../rule-on.ts';
import { Asked, batchOf, changeOf, deletion, fanOut, fanOutRule, refresh, refreshRule } from './effects.ts';

interface Expanded {
  readonly parts: readonly Batch[];
  readonly faults: readonly string[];
  readonly overflows: readonly string[];
  /** Keys whose existence was asked for. */
  readonly looked: readonly string[];
}

async function expand(
  asked: Asked,
  batches: readonly Batch[],
  existing: readonly string[] = [],
): Promise<Expanded> {
  const faults: string[] = [];
  const overflows: string[] = [];
  const looked: string[] = [];
  const parts: Batch[] = [];
  const expander = new BatchExpander({
    query: asked.query,
    onFault: ({ rule }) => faults.push(rule),
    onOverflow: ({ rule }) => overflows.push(rule),
    onCircuit() {},
  });
  const findExisting: FindExisting = async (refreshes) => {
    const keys = refreshes.map(({ key }) => key);
    looked.push(...keys);
    return new Set(keys.filter((key) => existing.includes(key)));
  };
  await Promise.all(
    batches.map(async (batch) => {
      for await (const part of expander.expand(batch, findExisting)) parts.push(part);
    }),
  );
  return { parts, faults, overflows, looked };
}

const refused = (code: string): Error => Object.assign(new Error('refused'), { code });
const keysOf = (part: Batch | undefined): readonly string[] => [...(part?.keys.keys() ?? [])];
const patternsOf = (part: Batch | undefined): readonly string[] =>
  [...(part?.purges.values() ?? [])].map(({ pattern }) => pattern);

test('a batch with nothing to ask for is handed on as it is', async () => {
  const asked = new Asked(() => []);
  const batch = batchOf(deletion(refreshRule(), 'product:1'));
  expect((await expand(asked, [batch])).parts).toEqual([batch]);
  expect(asked.statements).toEqual([]);
});

describe('fan-outs', () => {
  const byId = fanOutRule('SELECT id AS post_id FROM posts WHERE author_id = ${id}', 'post:${post_id}');

  test('one statement for all rows, with their values as arrays', async () => {
    const asked = new Asked(() => [{ r0: '10' }, { r0: '11' }]);
    const batch = batchOf(fanOut(byId, '1'), fanOut(byId, null), fanOut(byId, '3'));
    const { parts } = await expand(asked, [batch]);
    expect(asked.statements).toHaveLength(1);
    expect(asked.statements[0]).toMatchObject({ values: [['1', null, '3']] });
    expect(parts.map(keysOf)).toEqual([['post:10', 'post:11']]);
    expect(parts[0]?.fanOuts.size).toBe(0);
  });

  test('two queries for the same keys are both asked, and so are columns of another type', async () => {
    const asked = new Asked(() => []);
    const other = fanOutRule('SELECT 1 AS post_id WHERE ${id} = 1', 'post:${post_id}');
    const retyped = { ...fanOut(byId, '1'), typeOids: [25] };
    await expand(asked, [batchOf(fanOut(byId, '1'), fanOut(other, '1'), retyped)]);
    expect(asked.statements).toHaveLength(3);
  });

  test('a NULL in a key is no key', async () => {
    const { parts } = await expand(new Asked(() => [{ r0: null }, { r0: '' }]), [batchOf(fanOut(byId, '1'))]);
    expect(parts.map(keysOf)).toEqual([['post:']]);
  });

  test('so many rows as allowed, and one more', async () => {
    const rows = ['1', '2', '3', '4'].map((r0) => ({ r0 }));
    const most = await expand(new Asked(() => rows.slice(1)), [batchOf(fanOut(byId, '1'))]);
    expect(most.parts.map(patternsOf)).toEqual([[]]);
    expect(most.overflows).toEqual([]);
    const asked = new Asked(() => rows);
    const { parts, overflows, faults } = await expand(asked, [batchOf(fanOut(byId, '1'))]);
    expect(asked.statements[0]?.sql).toContain('LIMIT 4');
    expect(parts.map(patternsOf)).toEqual([['post:*']]);
    expect(overflows).toEqual(['author']);
    expect(faults).toEqual([]);
  });

  test.each([
    ['refused', refused('42703')],
    ['too slow', new QueryTimeoutError('a statement took too long')],
  ])('%s: the template is purged', async (_, error) => {
    const { parts, faults } = await expand(new Asked(() => error), [batchOf(fanOut(byId, '1'))]);
    expect(parts.map(patternsOf)).toEqual([['post:*']]);
    expect(faults).toEqual(['author']);
  });

  test('a purge for want of an answer cannot be resumed, even beside one that can', async () => {
    const effect = fanOut(byId, '1');
    const { origin } = effect;
    const known = { kind: 'purge', of: 'keys', pattern: origin.pattern, origin, cause: toLsn(5n) } as const;
    const { parts } = await expand(new Asked(() => refused('42703')), [batchOf(known, effect)]);
    const causes = parts.flatMap(({ purges }) => [...purges.values()].map(({ cause }) => cause));
    expect(causes).toEqual([undefined]);
  });

  test('a server that is away is no answer', async () => {
    const away = new Asked(() => new RetryableError('away'));
    await expect(expand(away, [batchOf(fanOut(byId, '1'))])).rejects.toThrow('away');
  });

  test('messages are told of the keys, or of the pattern', async () => {
    const rule = fanOutRule('SELECT 1 AS id', 'post:${id}', { publish: { channel: 'posts' } });
    const subjects = async (asked: Asked) =>
      (await expand(asked, [batchOf(fanOut(rule))])).parts.flatMap(({ messages }) =>
        [...messages.values()].map(({ subject }) => subject),
      );
    expect(await subjects(new Asked(() => [{ r0: '1' }, { r0: '2' }]))).toEqual([
      { key: 'post:1' },
      { key: 'post:2' },
    ]);
    expect(await subjects(new Asked(() => refused('42P01')))).toEqual([{ pattern: 'post:*' }]);
  });

  test('the names of types are asked for once, and again after a fault', async () => {
    let fails = false;
    const asked = new Asked(() => (fails ? refused('42704') : []));
    const expander = new BatchExpander({ query: asked.query, onFault() {}, onOverflow() {}, onCircuit() {} });
    const run = async (): Promise<void> => {
      for await (const _ of expander.expand(batchOf(fanOut(byId, '1')), async () => new Set()));
    };
    await run();
    await run();
    expect(asked.typeQuestions).toBe(1);
    fails = true;
    await run();
    await run();
    expect(asked.typeQuestions).toBe(2);
  });
});

describe('refreshes', () => {
  const rule = refreshRule();
  const always = refreshRule({ always: true });

  test('only keys that exist are read, but for those of always', async () => {
    const asked = new Asked((_, [id]) => [{ value: `{"id":${String(id)}}` }]);
    const batch = batchOf(
      refresh(rule, 'product:1', '1'),
      refresh(rule, 'product:2', '2'),
      refresh(always, 'product:3', '3'),
    );
    const { parts, looked } = await expand(asked, [batch], ['product:2', 'product:3']);
    expect(looked).toEqual(['product:1', 'product:2']);
    expect(asked.statements.map(({ values }) => values)).toEqual([['2'], ['3']]);
    expect([...(parts[1]?.keys.values() ?? [])]).toEqual([
      expect.objectContaining({
        kind: 'write',
        key: 'product:2',
        write: expect.objectContaining({ value: '{"id":2}' }),
      }),
      expect.objectContaining({ kind: 'write', key: 'product:3' }),
    ]);
  });

  describe('of a sorted set', () => {
    const board = ruleOn('public.players', ['board:${team}'], {
      sortedSet: { member: '${id}:${name|lower}', score: 'points', ttl: '1h', always: true },
    });
    const rows = [
      { r0: '7', r1: 'Ada', r2: '9.50' },
      { r0: '8', r1: null, r2: '1' },
      { r0: '9', r1: 'Eve', r2: 'NaN' },
    ];
    const whole = { op: 'sortedSet', members: new Map([['7:ada', '9.50']]), isComplete: true };

    test('one that exists gets the part, one that does not is read whole', async () => {
      const asked = new Asked(() => rows);
      const batch = batchOf(changeOf(board, 'board:1', '1'), changeOf(board, 'board:2', '2'));
      const { parts, looked } = await expand(asked, [batch], ['board:1']);
      expect(looked).toEqual(['board:1', 'board:2']);
      expect(asked.statements.map(({ values }) => values)).toEqual([['2', '2']]);
      expect(parts.flatMap(({ keys }) => [...keys.values()])).toMatchObject([
        { kind: 'write', key: 'board:1', write: { op: 'sortedSet', isComplete: false } },
        { kind: 'write', key: 'board:2', write: whole },
      ]);
    });

    test('is read, whether it exists or not, where no part will do', async () => {
      const effect = { ...changeOf(board, 'board:1', '1'), part: { op: 'remove' } as const };
      const { parts } = await expand(new Asked(() => rows), [batchOf(effect)], ['board:1']);
      expect(parts.flatMap(({ keys }) => [...keys.values()])).toMatchObject([{ write: whole }]);
    });

    test('is removed where it has more members than Redis is to be given at once', async () => {
      const many = Array.from({ length: MAX_MEMBERS + 1 }, (_, n) => ({ r0: `${n}`, r1: 'a', r2: '1' }));
      const { parts, faults } = await expand(new Asked(() => many), [
        batchOf(changeOf(board, 'board:1', '1')),
      ]);
      expect(faults).toEqual(['product']);
      expect(parts.flatMap(({ keys }) => [...keys.values()])).toMatchObject([{ write: { op: 'remove' } }]);
    });
  });

  test('removals come first, messages last', async () => {
    const told = fanOutRule('SELECT 1 AS id', 'post:${id}', { publish: { channel: 'posts' } });
    const asked = new Asked((sql) => (sql.includes('LATERAL') ? [{ r0: '1' }] : [{ value: 'x' }]));
    const batch = batchOf(fanOut(told), refresh(always, 'product:1', '1'), deletion(rule, 'product:2'));
    const { parts } = await expand(asked, [batch]);
    expect(parts.map((part) => [keysOf(part), part.messages.size])).toEqual([
      [['product:2'], 0],
      [['product:1'], 0],
      [[], 1],
    ]);
    expect(parts.every(({ isOrdered }) => isOrdered)).toBe(true);
  });

  test('a key that a fan-out deletes is not read', async () => {
    const finds = fanOutRule('SELECT 1 AS id', 'product:${id}');
    const asked = new Asked(() => [{ r0: '1' }]);
    const { parts } = await expand(asked, [batchOf(refresh(always, 'product:1', '1'), fanOut(finds))]);
    expect(asked.statements).toHaveLength(1);
    expect([...(parts[0]?.keys.values() ?? [])]).toEqual([
      // Its fence stays: an older value must not be written afterwards.
      expect.objectContaining({ kind: 'delete', key: 'product:1', version: expect.anything() }),
    ]);
  });

  test('values that take much memory are handed on by and by', async () => {
    const value = 'x'.repeat(3 * 2 ** 20);
    const effects = Array.from({ length: 20 }, (_, id) => refresh(always, `product:${id}`, String(id)));
    const { parts } = await expand(new Asked(() => [{ value }]), [batchOf(...effects)]);
    expect(parts.flatMap(keysOf)).toHaveLength(20);
    for (const part of parts) expect(part.keys.size).toBeLessThan(8);
  });

  test('after a fault the other keys of the rule are removed unasked', async () => {
    const effects = Array.from({ length: 50 }, (_, id) => refresh(always, `product:${id}`, String(id)));
    const asked = new Asked(() => new QueryTimeoutError('a statement took too long'));
    const { parts } = await expand(asked, [batchOf(...effects)]);
    expect(asked.statements.length).toBeLessThanOrEqual(4);
    const written = parts.flatMap(({ keys }) => [...keys.values()]);
    expect(written).toHaveLength(50);
    expect(written.every((effect) => effect.kind === 'write' && effect.write.op === 'remove')).toBe(true);
  });

  test('a server that is away ends it, and asks nothing more', async () => {
    const effects = Array.from({ length: 50 }, (_, id) => refresh(always, `product:${id}`, String(id)));
    const asked = new Asked(() => new RetryableError('away'));
    await expect(expand(asked, [batchOf(...effects)])).rejects.toThrow('away');
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(asked.statements.length).toBeLessThanOrEqual(4);
  });

  test('four queries at once, whatever the number of batches', async () => {
    const asked = new Asked(() => []);
    const batches = Array.from({ length: 5 }, (_, batch) =>
      batchOf(...Array.from({ length: 9 }, (__, id) => refresh(always, `product:${batch}-${id}`, '1'))),
    );
    await expand(asked, batches);
    expect(asked.statements).toHaveLength(45);
    expect(asked.mostAtOnce).toBe(4);
  });

  test.each([
    ['json', [{ value: '{}' }], { op: 'set', value: '{}' }],
    ['rows', [{ value: '[]' }], { op: 'set', value: '[]' }],
    ['string', [{ value: 't' }], { op: 'set', value: 't' }],
    ['string', [{ value: null }], { op: 'remove' }],
    ['json', [], { op: 'remove' }],
    ['hash', [], { op: 'remove' }],
    [
      'hash',
      [{ id: '1', note: null }],
      {
        op: 'hash',
        isComplete: true,
        replaces: true,
        fields: new Map([
          ['id', '1'],
          ['note', null],
        ]),
      },
    ],
    [{ template: '${name|upper}: ${price}' }, [{ r0: 'tea', r1: '9.50' }], { op: 'set', value: 'TEA: 9.50' }],
    [{ template: '${name}: ${price}' }, [{ r0: 'tea', r1: null }], { op: 'remove' }],
    [{ template: '${name}' }, [], { op: 'remove' }],
  ])('as %j, %j becomes %j', async (as, rows, write) => {
    const effect = refresh(
      refreshRule({ ...(typeof as === 'string' ? { as } : as), always: true }),
      'product:1',
      '1',
    );
    const { parts } = await expand(new Asked(() => rows), [batchOf(effect)]);
    expect([...(parts[1]?.keys.values() ?? [])]).toEqual([
      expect.objectContaining({ write: expect.objectContaining(write) }),
    ]);
  });
});
