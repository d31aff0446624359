import { expect, test } from 'vitest';
import type { Batch } from '../../../../src/domain/batch.ts';
import type { Effect } from '../../../../src/domain/effect.ts';
import { QueryTimeoutError, RetryableError } from '../../../../src/domain/errors.ts';
import { BatchExpander } from '../../../../src/pipeline/expand/batch-expander.ts';
import { Asked, batchOf, fanOut, fanOutRule, refresh, refreshRule } from './effects.ts';

const MINUTE_MS = 60_000;
const timeout = new QueryTimeoutError('a statement took too long');
const refused = Object.assign(new Error('refused'), { code: '42P01' });

const finding = fanOutRule('SELECT id AS post_id FROM posts WHERE author_id = ${id}', 'post:${post_id}');
const reading = refreshRule({ always: true });

/** An expander between a Postgres that answers as it is told and a clock that is set. */
class Bench {
  answer: readonly object[] | Error = timeout;
  nowMs = 5_000;
  readonly events: string[] = [];
  answerTo: ((values: readonly unknown[]) => readonly object[] | Error) | undefined;
  readonly asked = new Asked((_, values) => this.answerTo?.(values) ?? this.answer);
  readonly expander = new BatchExpander({
    query: this.asked.query,
    onFault() {},
    onOverflow() {},
    onCircuit: ({ template }, event) => this.events.push(`${template} ${event}`),
    nowMs: () => this.nowMs,
  });

  /** @returns what became of the effects; how often the query was asked for them is counted by `asked` */
  async apply(...effects: readonly Effect[]): Promise<readonly Batch[]> {
    const parts: Batch[] = [];
    for await (const part of this.expander.expand(batchOf(...effects), async () => new Set()))
      parts.push(part);
    return parts;
  }

  /** Batches of one effect, with how many statements each has asked. */
  async statementsOf(effect: Effect, batches: number): Promise<readonly number[]> {
    const counts: number[] = [];
    for (let batch = 0; batch < batches; batch++) {
      const before = this.asked.statements.length;
      await this.apply(effect);
      counts.push(this.asked.statements.length - before);
    }
    return counts;
  }
}

test.each([
  { of: 'fan-out', effect: fanOut(finding, '1'), template: 'post:${post_id}' },
  { of: 'refresh', effect: refresh(reading, 'product:1', '1'), template: 'product:${id}' },
])(
  'a $of that times out in three batches in a row is not asked for a minute, then once',
  async ({ effect, template }) => {
    const bench = new Bench();
    expect(await bench.statementsOf(effect, 5)).toEqual([1, 1, 1, 0, 0]);
    expect(bench.events).toEqual(['opened', 'skipped', 'skipped'].map((event) => `${template} ${event}`));

    bench.nowMs += MINUTE_MS - 1;
    expect(await bench.statementsOf(effect, 1)).toEqual([0]);
    bench.nowMs += 1;
    expect(await bench.statementsOf(effect, 2), 'the first one tries').toEqual([1, 0]);

    bench.nowMs += MINUTE_MS;
    bench.answer = [];
    bench.events.length = 0;
    expect(await bench.statementsOf(effect, 3)).toEqual([1, 1, 1]);
    expect(bench.events).toEqual([`${template} closed`]);

    bench.answer = timeout;
    expect(await bench.statementsOf(effect, 4), 'closed as at first').toEqual([1, 1, 1, 0]);
  },
);

test('the coarse answer is that of a timeout', async () => {
  const bench = new Bench();
  const answers: (readonly Batch[])[] = [];
  for (let batch = 0; batch < 4; batch++) {
    answers.push(await bench.apply(fanOut(finding, '1'), refresh(reading, 'product:1', '1')));
  }
  expect(answers[0]?.flatMap(({ purges }) => [...purges.keys()])).toEqual(['keys post:*']);
  expect(answers[0]?.flatMap(({ keys }) => [...keys.values()])).toMatchObject([
    { key: 'product:1', write: { op: 'remove' }, version: expect.anything() },
  ]);
  expect(bench.asked.statements).toHaveLength(6);
  expect(answers[3]).toEqual(answers[0]);
});

test('while one batch tries, others at the same time do not', async () => {
  const bench = new Bench();
  await bench.statementsOf(fanOut(finding, '1'), 3);
  bench.nowMs += MINUTE_MS;
  await Promise.all([1, 2, 3].map((id) => bench.apply(fanOut(finding, `${id}`))));
  expect(bench.asked.statements).toHaveLength(4);
});

test('an answer in between, or a refusal, begins the count anew', async () => {
  const bench = new Bench();
  const effect = refresh(reading, 'product:1', '1');
  for (const answer of [[], refused]) {
    bench.answer = timeout;
    expect(await bench.statementsOf(effect, 2)).toEqual([1, 1]);
    bench.answer = answer;
    expect(await bench.statementsOf(effect, 1)).toEqual([1]);
  }
  expect(bench.events).toEqual([]);
});

test('a batch counts once, whether all of its rows time out or one of them', async () => {
  const bench = new Bench();
  const keys = Array.from({ length: 20 }, (_, id) => refresh(reading, `product:${id}`, `${id}`));
  await bench.apply(...keys);
  await bench.apply(...keys);
  expect(bench.events).toEqual([]);
  bench.answerTo = ([id]) => (id === '9' ? timeout : []);
  await bench.apply(...keys);
  expect(bench.events).toEqual(['product:${id} opened']);
});

test('a template is not skipped for the fault of another of the same rule', async () => {
  const bench = new Bench();
  const other = fanOutRule('SELECT 1 AS id', 'other:${id}');
  await bench.statementsOf(fanOut(finding, '1'), 4);
  expect(await bench.statementsOf(fanOut(other, '1'), 1)).toEqual([1]);
});

test('a server that is away says nothing about the query', async () => {
  const bench = new Bench();
  await bench.statementsOf(fanOut(finding, '1'), 2);
  bench.answer = new RetryableError('away');
  await expect(bench.apply(fanOut(finding, '1'))).rejects.toThrow('away');
  bench.answer = timeout;
  expect(await bench.statementsOf(fanOut(finding, '1'), 2)).toEqual([1, 0]);
});
