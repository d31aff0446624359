import { setTimeout as sleep } from 'node:timers/promises';

/** From this rate on messages are a backlog and not ordinary traffic: 32,000 a second. */
const BACKLOG_PER_MS = 32;
/** Fewer messages than this say nothing about the rate. */
const SAMPLE_MESSAGES = 64;
const PAUSE_MS = 2;
/** What Node reads from a socket at once. A shorter read has emptied it. */
const FULL_READ_BYTES = 64 * 1024;

/**
 * Lets the socket fill for a moment while there is a backlog. A walsender makes one `send` a message for a reader that
 * always waits, and full buffers for one that lets it get ahead: twice the rows a second for both sides. Without a
 * backlog reading never pauses.
 */
export class ReadPacer {
  readonly #pauseUntil: (until: Promise<void>) => void;
  #sinceMs = performance.now();
  #messages = 0;
  #isPaused = false;

  constructor(pauseUntil: (until: Promise<void>) => void) {
    this.#pauseUntil = pauseUntil;
  }

  /** To be called for every message received. */
  message(): void {
    this.#messages++;
  }

  /** To be called after every read from the socket, with its size. */
  read(bytes: number): void {
    if (bytes >= FULL_READ_BYTES || this.#messages < SAMPLE_MESSAGES || this.#isPaused) return;
    const isBacklog = this.#messages >= BACKLOG_PER_MS * (performance.now() - this.#sinceMs);
    this.#startSample();
    if (!isBacklog) return;
    this.#isPaused = true;
    this.#pauseUntil(
      sleep(PAUSE_MS).then(() => {
        this.#isPaused = false;
        this.#startSample();
      }),
    );
  }

  #startSample(): void {
    this.#sinceMs = performance.now();
    this.#messages = 0;
  }
}
