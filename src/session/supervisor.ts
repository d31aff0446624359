import { setTimeout as sleep } from 'node:timers/promises';
import { FatalError, RetryableError, StandbySignal } from '../domain/errors.ts';
import type { Log } from '../domain/log.ts';
import type { Backoff } from '../runtime/backoff.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { DaemonStatus } from './daemon-status.ts';

/** How often a standby asks for the slot; a takeover takes at most this long. */
const STANDBY_RETRY_MS = 1_000;

export interface SupervisorOptions {
  /** Runs one session to its end. */
  readonly session: (signal: AbortSignal, onHealthy: () => void) => Promise<void>;
  readonly backoff: Backoff;
  readonly status: DaemonStatus;
  readonly metrics: Metrics;
  readonly log: Log;
}

/**
 * Starts a session after the other until the signal ends it.
 * @throws whatever is neither a StandbySignal nor a RetryableError
 */
export async function supervise(options: SupervisorOptions, signal: AbortSignal): Promise<void> {
  const { session, backoff, status, metrics, log } = options;
  while (!signal.aborted) {
    try {
      await session(signal, () => backoff.reset());
      metrics.sessionEnded('stopped');
    } catch (error) {
      if (signal.aborted && !(error instanceof FatalError)) {
        log.warn({ err: error }, 'the session ended while stopping');
        return;
      }
      let delayMs: number;
      if (error instanceof StandbySignal) {
        if (status.phase !== 'standby') log.info({}, `${error.message}; standing by to take over`);
        status.enter('standby');
        metrics.sessionEnded('standby');
        delayMs = STANDBY_RETRY_MS * (0.5 + Math.random() / 2);
      } else if (error instanceof RetryableError) {
        status.enter('reconnecting');
        metrics.sessionEnded('fault');
        delayMs = backoff.next();
        log.warn({ err: error, retryMs: Math.round(delayMs) }, 'the session ended; starting another one');
      } else {
        throw error;
      }
      await sleep(delayMs, undefined, { signal }).catch(() => {});
    }
  }
}
