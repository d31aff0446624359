import { AsyncLocalStorage } from 'node:async_hooks';

export interface LoadLimits {
  /** Loads at once. */
  readonly concurrency: number;
  /** Loads that wait for one to end. */
  readonly queue: number;
  /** How long one waits at most. */
  readonly queueMs: number;
}

/** Refused to protect the database: answer as a server that is overloaded does (503), and come back later. */
export class LoadRefusedError extends Error {
  override readonly name = 'LoadRefusedError';
}

/** Lets so many loads at once through to the database while the cache does not stand before it. */
export class LoadLimiter {
  readonly #limits: LoadLimits;
  readonly #waiting: (() => void)[] = [];
  /** Set within a load that was let through: another one that it makes would wait for itself. */
  readonly #inside = new AsyncLocalStorage<true>();
  #running = 0;

  constructor(limits: LoadLimits) {
    this.#limits = limits;
  }

  /** @throws LoadRefusedError */
  async run<T>(load: () => Promise<T>): Promise<T> {
    if (this.#inside.getStore()) return load();
    if (this.#running < this.#limits.concurrency) this.#running++;
    else await this.#turn();
    try {
      return await this.#inside.run(true, load);
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running--;
      else next();
    }
  }

  /** Waits until a load that ends hands its place on. */
  async #turn(): Promise<void> {
    const { concurrency, queue, queueMs } = this.#limits;
    if (this.#waiting.length >= queue) throw this.#refusal(`${queue} wait already (fallback.queue)`);
    const turn = Promise.withResolvers<void>();
    this.#waiting.push(turn.resolve);
    const timer = setTimeout(() => {
      this.#waiting.splice(this.#waiting.indexOf(turn.resolve), 1);
      turn.reject(this.#refusal(`none of ${concurrency} ended within ${queueMs} ms (fallback.queueTimeout)`));
    }, queueMs);
    try {
      await turn.promise;
    } finally {
      clearTimeout(timer);
    }
  }

  #refusal(reason: string): LoadRefusedError {
    return new LoadRefusedError(
      `the cache is away and the database is given ${this.#limits.concurrency} loads at once: ${reason}; ` +
        'where it can take more, raise fallback.concurrency',
    );
  }
}
