import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../domain/log.ts';
import { type Lsn, ZERO_LSN } from '../domain/lsn.ts';
import type { PrimaryProbe } from '../pipeline/ready/primary-probe.ts';
import type { HeartbeatWriter } from '../pipeline/redis/heartbeat-writer.ts';
import { OutageLog } from '../telemetry/outage-log.ts';
import { FreshnessProof } from './freshness-proof.ts';

const INTERVAL_MS = 1_000;
/** Between two writes: what is settled meanwhile goes with the next one. */
const SHORTEST_PAUSE_MS = 10;

export interface HeartbeatOptions {
  readonly primary: Pick<PrimaryProbe, 'walEnd'>;
  readonly writer: Pick<HeartbeatWriter, 'write'>;
  readonly log: Log;
  readonly nowMs?: () => number;
}

/**
 * Tells clients how far the daemon is, so that they can bound how old a key may be and wait for a write of their own.
 * It claims only what is proven, and nothing before the first proof. A fault here ends no session and delays no batch:
 * what was told gets older until the next attempt works.
 */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  readonly #nowMs: () => number;
  readonly #proof = new FreshnessProof();
  #position = ZERO_LSN;
  #news = Promise.withResolvers<void>();

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#nowMs = options.nowMs ?? (() => performance.now());
  }

  /** How old the newest instant is of which everything committed before it is applied; undefined before the first. */
  get lagMs(): number | undefined {
    const { provenMs } = this.#proof;
    return provenMs === undefined ? undefined : this.#nowMs() - provenMs;
  }

  /** Everything up to here is applied. Called for every batch. */
  settled(position: Lsn): void {
    if (position <= this.#position) return;
    this.#position = position;
    this.#proof.settled(position);
    this.#news.resolve();
  }

  /** @throws when the signal aborts, and only then */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#ask(signal), this.#tell(signal)]);
  }

  async #ask(signal: AbortSignal): Promise<never> {
    const { primary, log } = this.#options;
    const outage = new OutageLog(log, 'asking Postgres how fresh the keys are');
    for (;;) {
      await attempt(outage, signal, async () => {
        // Before the question: an answer that comes late proves nothing about the time that it took.
        const askedMs = this.#nowMs();
        this.#proof.saw({ askedMs, walEnd: await primary.walEnd() });
        this.#news.resolve();
      });
      await sleep(INTERVAL_MS, undefined, { signal });
    }
  }

  async #tell(signal: AbortSignal): Promise<never> {
    const { writer, log } = this.#options;
    const outage = new OutageLog(log, 'writing the heartbeat');
    for (;;) {
      await this.#news.promise;
      this.#news = Promise.withResolvers<void>();
      const { provenMs } = this.#proof;
      const position = this.#position;
      if (provenMs !== undefined) await attempt(outage, signal, () => writer.write({ position, provenMs }));
      await sleep(SHORTEST_PAUSE_MS, undefined, { signal });
    }
  }
}

async function attempt(outage: OutageLog, signal: AbortSignal, task: () => Promise<void>): Promise<void> {
  try {
    await task();
    outage.works();
  } catch (error) {
    // The end of the session is no fault.
    if (!signal.aborted) outage.failed(error);
  }
}
