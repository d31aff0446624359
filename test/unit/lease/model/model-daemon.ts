import type { ModelCache } from './model-cache.ts';
import type { Commit, ModelDatabase } from './model-database.ts';
import type { Protocol } from './protocol.ts';

/** Resolves when it is the turn of the caller: what it does from there to its next step happens at once. */
export type Step = (name: string) => Promise<void>;

/** Freshet: one commit after the other, in the order of the log. What it has acknowledged is never sent again. */
export class ModelDaemon {
  readonly #protocol: Protocol;
  readonly #database: ModelDatabase;
  readonly #cache: ModelCache;
  readonly #step: Step;
  #incarnation = 0;
  #ackedLsn = 0;

  constructor(protocol: Protocol, database: ModelDatabase, cache: ModelCache, step: Step) {
    this.#protocol = protocol;
    this.#database = database;
    this.#cache = cache;
    this.#step = step;
  }

  get ackedLsn(): number {
    return this.#ackedLsn;
  }

  /** Starts, or crashes and starts again where it had acknowledged. */
  start(): void {
    void this.#run(++this.#incarnation);
  }

  async #run(incarnation: number): Promise<void> {
    while (incarnation === this.#incarnation) {
      const commit = await this.#database.commitAfter(this.#ackedLsn);
      const act = async (name: string, action: () => void): Promise<void> => {
        await this.#step(`daemon ${incarnation}, LSN ${commit.lsn}: ${name}`);
        if (incarnation === this.#incarnation) action();
      };
      const ack = (): Promise<void> => act('ack', () => (this.#ackedLsn = commit.lsn));

      if (this.#protocol.ack === 'first') await ack();
      await this.#apply(commit, act);
      if (this.#protocol.ack === 'after the invalidation') await ack();
    }
  }

  async #apply(commit: Commit, act: (name: string, action: () => void) => Promise<void>): Promise<void> {
    const invalidate = (): Promise<void> => act('invalidate', () => this.#cache.invalidate(commit.lsn));
    const probe = async (): Promise<boolean> => {
      let isVisible = false;
      await act('probe', () => (isVisible = commit.isVisible));
      return isVisible;
    };
    switch (this.#protocol.gate) {
      case 'probe, then invalidate':
        if (!(await probe())) {
          await invalidate();
          await commit.shown.promise;
        }
        return invalidate();
      case 'none':
        return invalidate();
      case 'invalidate, then probe':
        await invalidate();
        if (await probe()) return;
        await commit.shown.promise;
        return invalidate();
    }
  }
}
