import type { Redis } from 'ioredis';
import type { SettledLsn } from '../../../../src/domain/lsn.ts';
import { BatchQueue } from '../../../../src/pipeline/queue/batch-queue.ts';
import type { VisibilityGate } from '../../../../src/pipeline/ready/visibility-gate.ts';
import { KeyRemover } from '../../../../src/pipeline/redis/key-remover.ts';
import { BatchWorker, type WorkerOptions } from '../../../../src/session/batch-worker.ts';

/** Stages of the product that a control may replace by wrong ones. */
export interface Composition {
  queue(confirm: (position: SettledLsn) => void): BatchQueue;
  gate(right: VisibilityGate): WorkerOptions['gate'];
  remover(redis: Redis): Pick<KeyRemover, 'remove'>;
  worker(options: WorkerOptions): { run(signal: AbortSignal): Promise<void> };
}

export const QUEUE_LIMITS = { maxKeys: 10_000, maxBytes: 32 * 2 ** 20 };

export const RIGHT: Composition = {
  queue: () => new BatchQueue(QUEUE_LIMITS),
  gate: (right) => right,
  remover: (redis) => new KeyRemover(redis),
  worker: (options) => new BatchWorker(options),
};
