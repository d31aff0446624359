import { expect, test } from 'vitest';
import { toLsn } from '../../../../src/domain/lsn.ts';
import { BatchQueue } from '../../../../src/pipeline/queue/batch-queue.ts';

/** One transaction with so many rows of a rule. @returns what the last one was told */
function commit(queue: BatchQueue, id: number, rule: string, rows: number): number {
  queue.begin({ xid: id, commitTimeMs: id, commitLsn: toLsn(BigInt(id)) });
  let outstanding = 0;
  for (let row = 0; row < rows; row++) outstanding = queue.countRow(rule);
  queue.commit(toLsn(BigInt(id)));
  return outstanding;
}

test('rows count until their batch is released, whichever is first', async () => {
  const queue = new BatchQueue({ maxKeys: 10, maxBytes: 1_000_000 });
  expect(commit(queue, 1, 'product', 3)).toBe(3);
  const first = await queue.next();
  expect(commit(queue, 2, 'product', 4)).toBe(7);
  expect(commit(queue, 3, 'author', 1)).toBe(1);
  const second = await queue.next();
  if (first === undefined || second === undefined) throw new Error('no batch');
  queue.release(second);
  expect(commit(queue, 4, 'product', 1)).toBe(4);
  queue.release(first);
  expect(commit(queue, 5, 'product', 1)).toBe(2);
});

test('under a load that never lets the queue run empty they do not add up', async () => {
  const queue = new BatchQueue({ maxKeys: 10, maxBytes: 1_000_000 });
  let previous: Awaited<ReturnType<BatchQueue['next']>>;
  for (let id = 1; id <= 100; id++) {
    expect(commit(queue, id, 'product', 5)).toBeLessThanOrEqual(10);
    const batch = await queue.next();
    if (previous !== undefined) queue.release(previous);
    previous = batch;
  }
});
