import { setTimeout as sleep } from 'node:timers/promises';
import { type Batch, isEmpty } from '../domain/batch.ts';
import type { SettledLsn } from '../domain/lsn.ts';
import type { BatchQueue } from '../pipeline/queue/batch-queue.ts';
import type { VisibilityGate } from '../pipeline/ready/visibility-gate.ts';
import type { KeyRemover, Removals } from '../pipeline/redis/key-remover.ts';
import { AckTracker } from '../pipeline/settle/ack-tracker.ts';
import type { Backoff } from '../runtime/backoff.ts';

export interface WorkerOptions {
  readonly queue: BatchQueue;
  readonly gate: VisibilityGate;
  readonly remover: KeyRemover;
  readonly backoff: Backoff;
  /** A batch is done: its memory is free, and this is settled. */
  readonly onSettled: (settled: SettledLsn) => void;
  readonly observer: WorkerObserver;
}

export interface WorkerObserver {
  applied(batch: Batch, removals: Removals): void;
  settled(batch: Batch): void;
  redisFailed(error: unknown): void;
}

/**
 * The asynchronous half of the pipeline: ready, redis, settle. One batch is in flight at a time, but for those that
 * wait for a commit to become visible: they hold back the acknowledgement and nothing else.
 */
export class BatchWorker {
  readonly #options: WorkerOptions;
  readonly #acks = new AckTracker();
  readonly #late = new Set<Promise<void>>();
  readonly #failed = Promise.withResolvers<never>();

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.#failed.promise.catch(() => {});
  }

  /** Batches that are being applied or wait for visibility. */
  get inFlight(): number {
    return this.#acks.inFlight;
  }

  /** Works until the queue is closed and everything in it is done. @throws the first fault */
  async run(signal: AbortSignal): Promise<void> {
    for (;;) {
      const batch = await Promise.race([this.#options.queue.next(), this.#failed.promise]);
      if (batch === undefined) break;
      await this.#process(batch, signal);
    }
    await Promise.race([Promise.all(this.#late), this.#failed.promise]);
  }

  async #process(batch: Batch, signal: AbortSignal): Promise<void> {
    const complete = this.#acks.open(batch.position);
    const finish = () => {
      this.#options.queue.release(batch);
      this.#options.observer.settled(batch);
      this.#options.onSettled(complete());
    };
    if (isEmpty(batch)) return finish();

    // The probe comes before the delete that counts; a delete that came first would prove nothing.
    const { gate } = this.#options;
    const isVisible = await gate.isVisible(batch.xids);
    await this.#apply(batch, signal);
    if (isVisible) return finish();

    // That delete was early: readers are spared the old value, but may fill it in again until the commit is visible.
    const late = gate
      .untilVisible(batch.xids, signal)
      .then(() => this.#apply(batch, signal))
      .then(finish)
      .catch(this.#failed.reject)
      .finally(() => this.#late.delete(late));
    this.#late.add(late);
  }

  async #apply(batch: Batch, signal: AbortSignal): Promise<void> {
    const { remover, backoff, observer } = this.#options;
    for (;;) {
      try {
        const removals = await remover.apply(batch, signal);
        backoff.reset();
        observer.applied(batch, removals);
        return;
      } catch (error) {
        signal.throwIfAborted();
        observer.redisFailed(error);
        await sleep(backoff.next(), undefined, { signal });
      }
    }
  }
}
