import { type Batch, isEmpty } from '../../../../src/domain/batch.ts';
import { AckTracker } from '../../../../src/pipeline/settle/ack-tracker.ts';
import type { WorkerOptions } from '../../../../src/session/batch-worker.ts';

/**
 * Deletes first, and skips the second delete where the probe says that the commit is visible by now. Perhaps it was not
 * when the key was deleted: then a reader that took its lease in between has the old row.
 */
export class DeleteThenProbeWorker {
  readonly #options: WorkerOptions;
  readonly #acks = new AckTracker();

  constructor(options: WorkerOptions) {
    this.#options = options;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { queue } = this.#options;
    for (let batch = await queue.next(); batch !== undefined; batch = await queue.next()) {
      this.#process(batch, signal).catch((error: unknown) => queue.fail(error));
    }
  }

  async #process(batch: Batch, signal: AbortSignal): Promise<void> {
    const { queue, onSettled } = this.#options;
    const complete = this.#acks.open(batch.position);
    if (!isEmpty(batch)) await this.#apply(batch, signal);
    queue.release(batch);
    onSettled(complete());
  }

  async #apply(batch: Batch, signal: AbortSignal): Promise<void> {
    const { applier, gate } = this.#options;
    await applier.remove(batch, signal);
    let waiting = await gate.invisible(batch.commits);
    while (waiting.size > 0) {
      waiting = await gate.untilFewer(waiting, signal);
      await applier.remove(batch, signal);
    }
  }
}
