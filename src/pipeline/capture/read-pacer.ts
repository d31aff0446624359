import { setTimeout as sleep } from 'node:timers/promises';

/** Messages within one window that tell a backlog from ordinary traffic: 64 in 2 ms are 32,000 a second. */
const BACKLOG_MESSAGES = 64;
const WINDOW_MS = 2;

/**
 * Lets the socket fill for a moment while there is a backlog. A walsender makes one `send` a message for a reader that
 * always waits, and full buffers for one that lets it get ahead: twice the rows a second for both sides. Without a
 * backlog reading never pauses.
 */
export class ReadPacer {
  readonly #pauseUntil: (until: Promise<void>) => void;
  #windowStartedMs = 0;
  #messages = 0;
  #isPaused = false;

  constructor(pauseUntil: (until: Promise<void>) => void) {
    this.#pauseUntil = pauseUntil;
  }

  /** To be called for every message received. */
  received(): void {
    this.#messages++;
    if (this.#messages < BACKLOG_MESSAGES || this.#isPaused) return;
    const isBacklog = performance.now() - this.#windowStartedMs <= WINDOW_MS;
    this.#openWindow();
    if (!isBacklog) return;
    this.#isPaused = true;
    this.#pauseUntil(
      sleep(WINDOW_MS).then(() => {
        this.#isPaused = false;
        this.#openWindow();
      }),
    );
  }

  #openWindow(): void {
    this.#windowStartedMs = performance.now();
    this.#messages = 0;
  }
}
