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
  readonly remover: Pick<KeyRemover, 'apply'>;
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
  /** In the order of the stream. */
  readonly #inFlight = new Set<Batch>();
  readonly #late = new Set<Promise<unknown>>();

  constructor(options: WorkerOptions) {
    this.#options = options;
  }

  /** Batches that are being applied or wait for visibility. */
  get inFlight(): number {
    return this.#inFlight.size;
  }

  get oldestCommitMs(): number | undefined {
    for (const { oldestCommitMs } of this.#inFlight) if (oldestCommitMs !== undefined) return oldestCommitMs;
    return undefined;
  }

  /** Works until the queue is closed and everything in it is done. @throws the first fault */
  async run(signal: AbortSignal): Promise<void> {
    const { queue } = this.#options;
    for (let batch = await queue.next(); batch !== undefined; batch = await queue.next()) {
      await this.#process(batch, signal);
    }
    await Promise.all(this.#late);
  }

  async #process(batch: Batch, signal: AbortSignal): Promise<void> {
    const complete = this.#acks.open(batch.position);
    this.#inFlight.add(batch);
    const finish = () => {
      this.#inFlight.delete(batch);
      this.#options.queue.release(batch);
      this.#options.observer.settled(batch);
      this.#options.onSettled(complete());
    };
    if (isEmpty(batch)) return finish();

    // The probe comes before the delete that counts; a delete that came first would prove nothing.
    const invisible = await this.#options.gate.invisible(batch.xids);
    await this.#apply(batch, signal);
    if (invisible.size === 0) return finish();

    const late: Promise<unknown> = this.#applyLate(batch, invisible, signal)
      .then(finish)
      .then(() => this.#late.delete(late));
    this.#late.add(late);
    late.catch((error: unknown) => this.#options.queue.fail(error));
  }

  /**
   * The first delete was early for some: readers were spared the old value, but may fill it in again until the commit
   * is visible. Again after each that becomes visible, for it must not wait for the others of its batch.
   */
  async #applyLate(batch: Batch, invisible: ReadonlySet<number>, signal: AbortSignal): Promise<void> {
    for (let waiting = invisible; waiting.size > 0; ) {
      waiting = await this.#options.gate.untilFewer(waiting, signal);
      await this.#apply(batch, signal);
    }
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
