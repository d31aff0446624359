import { type Batch, isEmpty } from '../domain/batch.ts';
import type { SettledLsn } from '../domain/lsn.ts';
import type { Commits } from '../domain/transaction.ts';
import type { BatchExpander, FindExisting } from '../pipeline/expand/batch-expander.ts';
import type { BatchQueue } from '../pipeline/queue/batch-queue.ts';
import type { VisibilityGate } from '../pipeline/ready/visibility-gate.ts';
import type { Applied, BatchApplier } from '../pipeline/redis/batch-applier.ts';
import type { Removals } from '../pipeline/redis/key-remover.ts';
import { AckTracker } from '../pipeline/settle/ack-tracker.ts';
import type { Backoff } from '../runtime/backoff.ts';
import type { SecondDeletes } from './second-deletes.ts';
import { untilDone } from './until-done.ts';

export interface WorkerOptions {
  readonly queue: BatchQueue;
  readonly gate: Pick<VisibilityGate, 'invisible' | 'untilFewer'>;
  readonly expander: Pick<BatchExpander, 'expand'>;
  readonly applier: Pick<BatchApplier, 'apply' | 'remove' | 'existing'>;
  readonly backoff: Backoff;
  readonly secondDeletes?: Pick<SecondDeletes, 'add' | 'room'>;
  /** A batch is done: its memory is free, and this is settled. */
  readonly onSettled: (settled: SettledLsn) => void;
  readonly observer: WorkerObserver;
}

export interface WorkerObserver {
  /** Before the commit was visible, and so for the moment only. */
  removedEarly(removals: Removals): void;
  applied(batch: Batch, applied: Applied): void;
  settled(batch: Batch): void;
  redisFailed(error: unknown): void;
}

/**
 * The asynchronous half of the pipeline: ready, expand, redis, settle.
 *
 *     all visible, and its turn ---> apply -------------------------------------------> settle
 *     else ---> remove (early) ---> wait until visible, and for its turn ---> apply ---> settle
 *
 * A batch that waits for a commit to become visible holds back the acknowledgement. Removals of later batches overtake
 * it. What writes or tells takes its turn after everything before it: a removal that comes again would undo a write.
 * What only removes takes its turn after the last one that writes or tells.
 */
export class BatchWorker {
  readonly #options: WorkerOptions;
  readonly #acks = new AckTracker();
  /** In the order of the stream. */
  readonly #inFlight = new Set<Batch>();
  #progressMs = 0;
  /** Batches that wait, until each is applied. */
  readonly #late = new Set<Promise<unknown>>();
  /** The last of these that has something to write or to tell. */
  #ordered: Promise<unknown> | undefined;

  constructor(options: WorkerOptions) {
    this.#options = options;
  }

  /** Batches that are being applied or wait for visibility. */
  get inFlight(): number {
    return this.#inFlight.size;
  }

  /** For how long nothing was settled although there is something in flight; 0 when idle. */
  get stalledMs(): number {
    return this.#inFlight.size === 0 ? 0 : performance.now() - this.#progressMs;
  }

  get oldestCommitMs(): number | undefined {
    for (const { oldestCommitMs } of this.#inFlight) if (oldestCommitMs !== undefined) return oldestCommitMs;
    return undefined;
  }

  /** Works until the queue is closed and everything in it is done. @throws the first fault */
  async run(signal: AbortSignal): Promise<void> {
    const { queue } = this.#options;
    for (let batch = await queue.next(); batch !== undefined; batch = await queue.next()) {
      await this.#options.secondDeletes?.room;
      await this.#process(batch, signal);
    }
    await Promise.all(this.#late);
  }

  async #process(batch: Batch, signal: AbortSignal): Promise<void> {
    const complete = this.#acks.open(batch.position);
    if (this.#inFlight.size === 0) this.#progressMs = performance.now();
    this.#inFlight.add(batch);
    const finish = () => {
      // Later ones settle nothing while the first one waits.
      if (this.#inFlight.values().next().value === batch) this.#progressMs = performance.now();
      this.#inFlight.delete(batch);
      this.#options.queue.release(batch);
      this.#options.observer.settled(batch);
      this.#options.onSettled(complete());
    };
    if (isEmpty(batch)) return finish();

    // The probe comes before the delete that counts; a delete that came first would prove nothing.
    const invisible = await this.#options.gate.invisible(batch.commits);
    if (invisible.size === 0 && this.#turnOf(batch) === undefined) {
      await this.#apply(batch, signal);
      return finish();
    }
    // What a waiting batch is about to write may be what this one removes: so it removes now, and again in its turn.
    await this.#remove(batch, signal);
    this.#finishLate(batch, this.#applyLate(batch, invisible, signal).then(finish));
    return undefined;
  }

  /** What must be applied before the batch; undefined where nothing must. */
  #turnOf({ isOrdered }: Batch): Promise<unknown> | undefined {
    if (!isOrdered) return this.#ordered;
    if (this.#late.size === 0) return undefined;
    const turn = Promise.all(this.#late);
    // Each tells its own fault; a rejection here that nobody is waiting for would end the process.
    turn.catch(() => {});
    return turn;
  }

  #finishLate(batch: Batch, done: Promise<void>): void {
    const late: Promise<unknown> = done.then(() => {
      this.#late.delete(late);
      if (this.#ordered === late) this.#ordered = undefined;
    });
    this.#late.add(late);
    if (batch.isOrdered) this.#ordered = late;
    late.catch((error: unknown) => this.#options.queue.fail(error));
  }

  /**
   * The first removal was early for some: readers were spared the old value, but may fill it in again until the commit
   * is visible. Again after each that becomes visible, for it must not wait for the others of its batch.
   */
  async #applyLate(batch: Batch, invisible: Commits, signal: AbortSignal): Promise<void> {
    const turn = this.#turnOf(batch);
    for (let waiting = invisible; waiting.size > 0; ) {
      waiting = await this.#options.gate.untilFewer(waiting, signal);
      if (waiting.size > 0) await this.#remove(batch, signal);
    }
    await turn;
    await this.#apply(batch, signal);
  }

  async #apply(batch: Batch, signal: AbortSignal): Promise<void> {
    const { expander, applier, observer, secondDeletes } = this.#options;
    const existing: FindExisting = (refreshes) => this.#untilDone(() => applier.existing(refreshes), signal);
    const [oldest] = this.#inFlight;
    for await (const part of expander.expand(batch, existing)) {
      observer.applied(
        part,
        await this.#untilDone(() => applier.apply(part, signal, batch === oldest), signal),
      );
      secondDeletes?.add(part);
    }
  }

  async #remove(batch: Batch, signal: AbortSignal): Promise<void> {
    const { applier, observer } = this.#options;
    observer.removedEarly(await this.#untilDone(() => applier.remove(batch, signal), signal));
  }

  async #untilDone<T>(task: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const { backoff, observer } = this.#options;
    return untilDone(task, { backoff, onFault: (error) => observer.redisFailed(error) }, signal);
  }
}
