/** Work that goes on after its caller was answered. */
export class Background {
  readonly #tasks = new Set<Promise<void>>();

  /** @param task reports its own faults; what it throws all the same is lost */
  add(task: Promise<void>): void {
    const done = task
      .catch(() => {})
      .finally(() => {
        this.#tasks.delete(done);
      });
    this.#tasks.add(done);
  }

  /** Until nothing goes on, not even what began meanwhile. */
  async drain(): Promise<void> {
    while (this.#tasks.size > 0) await Promise.all(this.#tasks);
  }
}
