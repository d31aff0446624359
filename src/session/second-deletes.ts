import type { Batch } from '../domain/batch.ts';
import type { Effect } from '../domain/effect.ts';
import { OpenBatch } from '../pipeline/queue/open-batch.ts';

/** About 70,000 keys. */
const MAX_BYTES = 16 * 2 ** 20;
/** Of the grace: so long deletes are gathered, so that a busy key has a few second deletes a grace and not thousands. */
const GATHERING_SHARE = 1 / 4;

export interface SecondDeletesOptions {
  /** Resolves once Redis has confirmed all of it. */
  readonly remove: (batch: Batch) => Promise<void>;
  readonly wait: (ms: number) => Promise<void>;
  /** Told what `remove` or `wait` throws; nothing is done any more then. */
  readonly onFault: (error: unknown) => void;
  readonly maxBytes?: number;
}

/**
 * The deletes of `legacy` rules once more, a grace after they were done: a reader without a lease that had read the old
 * row before the change may have stored it after the delete. It lowers a probability, and is no proof.
 *
 *     deleted -> gathered with others of the same grace -> the grace -> deleted again -> the position may be confirmed
 *
 * The confirmation to Postgres waits, so that a daemon that dies meanwhile does all of it again; the heartbeat, which
 * says what is applied, does not. The memory is bounded: while there is too much, no further batch is begun.
 */
export class SecondDeletes {
  readonly #options: SecondDeletesOptions;
  readonly #maxBytes: number;
  /** By grace in ms: what still grows. */
  readonly #gathering = new Map<number, OpenBatch>();
  /** Each until it is deleted. */
  readonly #pending = new Set<Promise<void>>();
  #last: Promise<void> = Promise.resolve();
  #bytes = 0;
  #room: PromiseWithResolvers<void> | undefined;

  constructor(options: SecondDeletesOptions) {
    this.#options = options;
    this.#maxBytes = options.maxBytes ?? MAX_BYTES;
  }

  /** While there is too much to remember, a promise of room. */
  get room(): Promise<void> | undefined {
    if (this.#bytes > this.#maxBytes) this.#room ??= Promise.withResolvers<void>();
    return this.#room?.promise;
  }

  /** Takes note of what was deleted just now. */
  add({ keys, purges }: Pick<Batch, 'keys' | 'purges'>): void {
    for (const effect of keys.values()) if (effect.kind === 'delete') this.#add(effect);
    for (const purge of purges.values()) this.#add(purge);
  }

  /** Runs the task once all is done that was to be done again so far; one task after the other. */
  whenDone(task: () => void): void {
    this.#last = Promise.all([this.#last, ...this.#pending]).then(task);
    this.#last.catch(this.#options.onFault);
  }

  #add(effect: Extract<Effect, { kind: 'delete' | 'purge' }>): void {
    const { fillGraceMs } = effect;
    if (fillGraceMs === undefined) return;
    let batch = this.#gathering.get(fillGraceMs);
    if (batch === undefined) {
      this.#gathering.set(fillGraceMs, (batch = new OpenBatch()));
      this.#begin(batch, fillGraceMs);
    }
    this.#bytes += batch.add(effect, undefined);
  }

  #begin(batch: OpenBatch, graceMs: number): void {
    const repeated = this.#repeat(batch, graceMs);
    this.#pending.add(repeated);
    repeated.then(() => this.#pending.delete(repeated)).catch(this.#options.onFault);
  }

  async #repeat(batch: OpenBatch, graceMs: number): Promise<void> {
    const { wait, remove } = this.#options;
    await wait(graceMs * GATHERING_SHARE);
    this.#gathering.delete(graceMs);
    await wait(graceMs);
    await remove(batch);
    this.#bytes -= batch.bytes;
    if (this.#bytes > this.#maxBytes) return;
    this.#room?.resolve();
    this.#room = undefined;
  }
}
