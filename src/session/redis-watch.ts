import { setTimeout as sleep } from 'node:timers/promises';
import { RetryableError } from '../domain/errors.ts';
import type { Log } from '../domain/log.ts';

/** How long old values may pass for new ones after a failover, beside the time that the purge takes. */
const INTERVAL_MS = 1_000;

export interface RedisWatchOptions {
  /** Names the process of Redis; undefined where it does not tell. */
  readonly runId: () => Promise<string | undefined>;
  /** The name of the last one whose keys were kept right, as it is written down in Redis. */
  readonly memory: { read(): Promise<string | undefined>; write(runId: string): Promise<void> };
  /** Purges all keys of the rules. */
  readonly purge: () => Promise<void>;
  readonly onReplaced: () => void;
  readonly log: Log;
  readonly intervalMs?: number;
}

/**
 * Notices that another process of Redis answers: restarted from what was on disk, or a replica that took the place of
 * its primary. Either may have lost the last deletes, and with them brought back old values and leases that were void;
 * so all keys of the rules are purged. One that comes back empty has nothing to purge.
 */
export class RedisWatch {
  readonly #options: RedisWatchOptions;
  #known: string | undefined;

  constructor(options: RedisWatchOptions) {
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
    const { runId, memory, purge, onReplaced, log } = this.#options;
    try {
      const now = await runId();
      if (now === undefined || now === this.#known) return;
      const before = this.#known ?? (await memory.read());
      if (before !== undefined && before !== now) {
        onReplaced();
        log.warn(
          {},
          'Redis was restarted or replaced and may have lost deletes; the keys of all rules are purged',
        );
        await purge();
      }
      await memory.write(now);
      this.#known = now;
    } catch (error) {
      signal.throwIfAborted();
      // Whoever applies batches reports the outage; what is unknown is asked for again.
      if (!(error instanceof RetryableError)) throw error;
    }
  }
}
