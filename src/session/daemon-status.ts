/** What the daemon is doing, for probes and people. */
export type Phase = 'starting' | 'streaming' | 'standby' | 'reconnecting' | 'draining';

/** Work that settles nothing for this long is stuck. */
const STALL_MS = 30_000;

/** The one place that knows how the daemon is; readiness is derived from it. */
export class DaemonStatus {
  #phase: Phase = 'starting';
  #refusal: string | undefined;
  #stalledMs: () => number = () => 0;

  get phase(): Phase {
    return this.#phase;
  }

  enter(phase: Phase): void {
    this.#phase = phase;
  }

  /** Streaming has begun. @param stalledMs for how long nothing was settled although something is in flight */
  streaming(stalledMs: () => number): void {
    this.#phase = 'streaming';
    this.#stalledMs = stalledMs;
  }

  /** The rules as they are written are refused, for this reason, and older ones go on; undefined: they are in use. */
  rulesRefused(refusal: string | undefined): void {
    this.#refusal = refusal;
  }

  /** For people: the phase on the first line; a second one while rules are refused, which leaves readiness as it is. */
  get text(): string {
    const rules = this.#refusal === undefined ? '' : `rules: refused: ${this.#refusal}\n`;
    return `${this.#phase}\n${rules}`;
  }

  /**
   * Ready means: positions advance, or there is nothing to do. A standby has nothing to do, and must count as ready or
   * a rolling update would wait for it for ever.
   */
  get isReady(): boolean {
    if (this.#phase === 'standby') return true;
    return this.#phase === 'streaming' && this.#stalledMs() < STALL_MS;
  }
}
