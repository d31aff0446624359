import { expect, test } from 'vitest';
import { parseRules } from '../../src/config/load-rules.ts';
import type { Batch } from '../../src/domain/batch.ts';
import type { CacheKey } from '../../src/domain/effect.ts';
import { QueryPool } from '../../src/pipeline/capture/query-pool.ts';
import { BatchExpander } from '../../src/pipeline/expand/batch-expander.ts';
import { BatchApplier } from '../../src/pipeline/redis/batch-applier.ts';
import type { LeaderToken } from '../../src/pipeline/redis/leader-token.ts';
import { heldToken } from '../support/redis/held-token.ts';
import { TestContext } from '../support/test-context.ts';
import { ruleText } from './rule-text.ts';

function fail(): never {
  throw new Error('no fault is expected here');
}

/** What a leader has of the pipeline after its queue. */
class Leader implements AsyncDisposable {
  readonly #pool: QueryPool;
  readonly #applier: BatchApplier;
  readonly #expander: BatchExpander;

  private constructor({ databaseUrl, redis }: TestContext, token: LeaderToken) {
    this.#pool = new QueryPool(databaseUrl);
    this.#applier = new BatchApplier(redis, token);
    this.#expander = new BatchExpander({
      query: this.#pool.textQuery,
      onFault: fail,
      onOverflow: fail,
      onCircuit: fail,
    });
  }

  /** With a token of its own that nobody takes: here versions alone keep a former leader out. */
  static async start(context: TestContext): Promise<Leader> {
    return new Leader(context, await heldToken(context.redis));
  }

  /** All parts of the batch, with the values as they are now. */
  async read(batch: Batch): Promise<readonly Batch[]> {
    const parts: Batch[] = [];
    for await (const part of this.#expander.expand(batch, (keys) => this.#applier.existing(keys)))
      parts.push(part);
    return parts;
  }

  /** @returns how many writes Redis has refused */
  async apply(parts: readonly Batch[]): Promise<number> {
    let refused = 0;
    for (const part of parts)
      refused += (await this.#applier.apply(part, AbortSignal.timeout(10_000))).refused;
    return refused;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool[Symbol.asyncDispose]();
  }
}

async function open(): Promise<TestContext> {
  const context = await TestContext.open();
  await context.sql.rows('CREATE TABLE items (id int PRIMARY KEY, n int); INSERT INTO items VALUES (1, 0)');
  await context.fill('item:1');
  return context;
}

/** A change of the row, at this position. */
function changeAt(context: TestContext, commitLsn: bigint): Batch {
  const refresh = { query: 'SELECT n FROM items WHERE id = ${id}', ttl: '1h' };
  const [rule] = parseRules(
    ruleText(context.keyPrefix, [{ name: 'item', table: 'public.items', keys: ['item:${id}'], refresh }]),
    'rules.yaml',
  );
  if (rule?.action.kind !== 'refresh') throw new Error('no such rule');
  const key = context.key('item:1') as CacheKey;
  const origin = { rule: 'item', template: 'item:${id}', pattern: 'item:*' };
  const version = { epoch: 1, commitLsn, ordinal: 1 };
  return {
    keys: new Map([[key, { kind: 'refresh', key, action: rule.action, values: ['1'], version, origin }]]),
    purges: new Map(),
    messages: new Map(),
    fanOuts: new Map(),
    isOrdered: true,
    commits: new Map(),
    position: undefined,
    oldestCommitMs: undefined,
    bytes: 0,
  };
}

test('what a former leader read before it was paused does not replace what the next one wrote', async () => {
  await using context = await open();
  await using former = await Leader.start(context);
  await using next = await Leader.start(context);
  const read = await former.read(changeAt(context, 10n));
  await context.sql.rows('UPDATE items SET n = 1');
  expect(await next.apply(await next.read(changeAt(context, 10n)))).toBe(0);
  expect(await next.apply(await next.read(changeAt(context, 11n)))).toBe(0);

  expect(await former.apply(read)).toBe(1);
  expect(await context.redis.get(context.key('item:1'))).toBe('{"n":1}');
});

test('delivered again, changes leave the newest value, whatever the prefix', async () => {
  await using context = await open();
  await using leader = await Leader.start(context);
  const changes = [10n, 11n, 12n].map((lsn) => changeAt(context, lsn));
  for (const [n, change] of changes.entries()) {
    await context.sql.rows('UPDATE items SET n = $1', [n]);
    await leader.apply(await leader.read(change));
  }
  for (let length = 1; length <= changes.length; length++) {
    for (const change of changes.slice(0, length)) {
      expect(await leader.apply(await leader.read(change))).toBe(1);
      expect(await context.redis.get(context.key('item:1'))).toBe('{"n":2}');
    }
  }
});
