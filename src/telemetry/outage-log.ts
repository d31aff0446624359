import type { Log } from '../domain/log.ts';

/** One line when something fails and one when it works again, however often it failed in between. */
export class OutageLog {
  readonly #log: Log;
  readonly #what: string;
  #sinceMs: number | undefined;

  constructor(log: Log, what: string) {
    this.#log = log;
    this.#what = what;
  }

  failed(error: unknown): void {
    if (this.#sinceMs !== undefined) return;
    this.#sinceMs = Date.now();
    this.#log.warn({ err: error }, `${this.#what} fails; trying again until it works`);
  }

  works(): void {
    if (this.#sinceMs === undefined) return;
    this.#log.info({ outageMs: Date.now() - this.#sinceMs }, `${this.#what} works again`);
    this.#sinceMs = undefined;
  }
}
