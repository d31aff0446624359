import { setTimeout as sleep } from 'node:timers/promises';
import { RetryableError } from '../domain/errors.ts';

/** How long old values may pass for new ones after a failover, beside the time that the purge takes. */
const INTERVAL_MS = 1_000;

export interface LossWatchOptions {
  /** Another one after a loss; undefined where nothing can be lost, or the server does not tell. */
  readonly life: () => Promise<string | undefined>;
  /** The last one in which keys were kept right, as it is written down in Redis. */
  readonly memory: { read(): Promise<string | undefined>; write(life: string): Promise<void> };
  /** Keys in this Redis were kept right before. Then what is not written down was lost, and with it maybe more. */
  readonly isFollowed: boolean;
  /** Purges all keys of the rules. */
  readonly purge: () => Promise<void>;
  /** Before the purge. */
  readonly onLoss: (isForgotten: boolean) => void;
  readonly intervalMs?: number;
}

/**
 * Notices that a server has begun another life, without what it knew last; so all keys of the rules are purged.
 *
 * Redis, restarted from what was on disk, or replaced by its replica: the last deletes may be lost, so that old values
 * and leases that were void are back. Postgres after a crash: what readers saw of commits that were not on disk is gone.
 */
export class LossWatch {
  readonly #options: LossWatchOptions;
  #known: string | undefined;

  constructor(options: LossWatchOptions) {
    this.#options = options;
  }

  /** @throws when the signal aborts, or what the purge throws */
  async run(signal: AbortSignal): Promise<never> {
    const { intervalMs = INTERVAL_MS } = this.#options;
    for (;;) {
      await this.#look(signal);
      await sleep(intervalMs, undefined, { signal });
    }
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { life, memory, isFollowed, purge, onLoss } = this.#options;
    try {
      const now = await life();
      if (now === undefined || now === this.#known) return;
      const before = this.#known ?? (await memory.read());
      if (before === undefined ? isFollowed : before !== now) {
        onLoss(before === undefined);
        await purge();
      }
      // Known also where it cannot be written down, or every look would purge.
      this.#known = now;
      await memory.write(now);
    } catch (error) {
      signal.throwIfAborted();
      // Whoever applies batches reports the outage; what is unknown is asked for again.
      if (!(error instanceof RetryableError)) throw error;
    }
  }
}
