/** What the daemon is doing, for probes and people. */
export type Phase = 'starting' | 'streaming' | 'standby' | 'reconnecting' | 'draining';

/** Work that settles nothing for this long is stuck. */
const STALL_MS = 30_000;

/** The one place that knows how the daemon is; readiness is derived from it. */
export class DaemonStatus {
  #phase: Phase = 'starting';
  #inFlight: () => number = () => 0;
  #busySinceMs: number | undefined;

  get phase(): Phase {
    return this.#phase;
  }

  enter(phase: Phase): void {
    this.#phase = phase;
    this.#busySinceMs = undefined;
  }

  /** Streaming has begun. @param inFlight how much is begun and not done */
  streaming(inFlight: () => number): void {
    this.enter('streaming');
    this.#inFlight = inFlight;
  }

  /** Something was settled. */
  advanced(): void {
    this.#busySinceMs = undefined;
  }

  /**
   * Ready means: positions advance, or there is nothing to do. A standby has nothing to do, and must count as ready or
   * a rolling update would wait for it for ever.
   */
  isReady(nowMs = Date.now()): boolean {
    if (this.#phase === 'standby') return true;
    if (this.#phase !== 'streaming') return false;
    if (this.#inFlight() === 0) {
      this.#busySinceMs = undefined;
      return true;
    }
    this.#busySinceMs ??= nowMs;
    return nowMs - this.#busySinceMs < STALL_MS;
  }
}
