import { RetryableError } from '../../domain/errors.ts';
import { type Lsn, type SettledLsn, ZERO_LSN } from '../../domain/lsn.ts';
import { standbyStatus } from './standby-status.ts';

/** Confirmations that follow each other faster than this go out as one. */
const CONFIRM_INTERVAL_MS = 10;
const LONGEST_INTERVAL_MS = 1_000;
const DEFAULT_TIMEOUT_MS = 60_000;

interface StatusOptions {
  readonly write: (message: Buffer) => void;
  /** As `SHOW wal_sender_timeout` prints it. */
  readonly walSenderTimeout: string;
  /** Whether the socket is being read; while it is not, silence means nothing. */
  readonly isReading: () => boolean;
  /** The server sent nothing for twice its own timeout although it was asked to. */
  readonly onSilence: (error: Error) => void;
}

/**
 * Sends standby status updates: at once when a position is confirmed, and often enough for wal_sender_timeout, also
 * while the socket is paused. The same beat notices a peer that is gone without a word (a network cut without FIN).
 */
export class StatusSender {
  readonly #options: StatusOptions;
  readonly #intervalMs: number;
  readonly #silenceMs: number;
  readonly #beat: NodeJS.Timeout;
  #confirmTimer: NodeJS.Timeout | undefined;
  #sentMs = 0;
  #silentBeats = 0;
  #written = ZERO_LSN;
  #settled: SettledLsn | undefined;

  constructor(options: StatusOptions) {
    this.#options = options;
    const timeoutMs = parseTimeoutMs(options.walSenderTimeout) || DEFAULT_TIMEOUT_MS;
    this.#intervalMs = Math.min(timeoutMs / 4, LONGEST_INTERVAL_MS);
    this.#silenceMs = timeoutMs * 2;
    this.#beat = setInterval(() => this.#onBeat(), this.#intervalMs);
  }

  heard(): void {
    this.#silentBeats = 0;
  }

  received(position: Lsn): void {
    if (position > this.#written) this.#written = position;
  }

  confirm(settled: SettledLsn): void {
    if (this.#settled !== undefined && settled <= this.#settled) return;
    this.#settled = settled;
    if (this.#confirmTimer !== undefined) return;
    const waitMs = this.#sentMs + CONFIRM_INTERVAL_MS - performance.now();
    if (waitMs <= 0) this.send();
    else this.#confirmTimer = setTimeout(() => this.send(), waitMs);
  }

  send(replyRequested = false): void {
    clearTimeout(this.#confirmTimer);
    this.#confirmTimer = undefined;
    this.#sentMs = performance.now();
    this.#options.write(standbyStatus(this.#written, this.#settled, Date.now(), replyRequested));
  }

  /** Sends a confirmation that still waits, then nothing more. */
  stop(): void {
    clearInterval(this.#beat);
    if (this.#confirmTimer !== undefined) this.send();
  }

  /** Counts beats, not clock time: a process that was suspended must not take its own absence for silence. */
  #onBeat(): void {
    if (this.#options.isReading()) this.#silentBeats++;
    const silentMs = this.#silentBeats * this.#intervalMs;
    if (silentMs > this.#silenceMs) {
      this.#options.onSilence(
        new RetryableError(`Postgres has been silent for ${Math.round(silentMs / 1000)} s`),
      );
      return;
    }
    this.send(silentMs >= this.#silenceMs / 4);
  }
}

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** Postgres prints settings with the largest fitting unit: `500ms`, `1min`, `0` for off. */
function parseTimeoutMs(text: string): number {
  const [, value, unit] = /^(\d+)(\w+)?$/.exec(text) ?? [];
  return Number(value ?? 0) * (UNIT_MS[unit ?? 'ms'] ?? 1);
}
