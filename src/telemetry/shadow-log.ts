import type { Effect, Skip } from '../domain/effect.ts';
import type { Log } from '../domain/log.ts';

const INTERVAL_MS = 10_000;

type Kind = (Effect | Skip)['kind'];

/** At most one line a rule in ten seconds on what shadow rules would have done. Counts alone: keys hold values of rows. */
export class ShadowLog {
  readonly #log: Log;
  /** By rule, since the last lines. */
  #counts = new Map<string, Partial<Record<Kind, number>>>();
  #timer: NodeJS.Timeout | undefined;

  /** @param signal tells at once what is left to tell */
  constructor(log: Log, signal: AbortSignal) {
    this.#log = log;
    signal.addEventListener('abort', () => this.#tell(), { once: true });
  }

  count({ kind, origin: { rule } }: Effect | Skip): void {
    let counts = this.#counts.get(rule);
    if (counts === undefined) this.#counts.set(rule, (counts = {}));
    counts[kind] = (counts[kind] ?? 0) + 1;
    this.#timer ??= setTimeout(() => this.#tell(), INTERVAL_MS).unref();
  }

  #tell(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const [rule, effects] of this.#counts)
      this.#log.info({ rule, effects }, 'a shadow rule would have had these effects');
    this.#counts = new Map();
  }
}
