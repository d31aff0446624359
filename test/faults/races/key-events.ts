const KEPT = 40;

/** What happened to each key and its row lately, to be read when the key is found stale. */
export class KeyEvents {
  readonly #events = new Map<string, string[]>();

  /** @param event who and what: "reader 2: stored" */
  note(key: string, event: string): void {
    let events = this.#events.get(key);
    if (events === undefined) this.#events.set(key, (events = []));
    events.push(`${performance.now().toFixed(1)} ${event}`);
    if (events.length > KEPT) events.shift();
  }

  /** Oldest first, each with the milliseconds since the test process began. */
  of(key: string): readonly string[] {
    return [...(this.#events.get(key) ?? [])];
  }
}
