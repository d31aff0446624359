import type { Heartbeat } from './lease-commands.ts';

/** What of it is used. */
interface HeartbeatSource {
  heartbeat(): Promise<Heartbeat | undefined>;
}

/** Reads Freshet's heartbeat, once for all who ask at the same time. */
export class HeartbeatReader {
  readonly #source: HeartbeatSource;
  #reading: Promise<Heartbeat | undefined> | undefined;

  constructor(source: HeartbeatSource) {
    this.#source = source;
  }

  /** @returns undefined where there is none, or Redis is away */
  async read(): Promise<Heartbeat | undefined> {
    this.#reading ??= this.#source.heartbeat().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }
}
