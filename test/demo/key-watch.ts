import { Redis } from 'ioredis';

/** Where Redis sends invalidations to a connection that others redirect theirs to. */
const CHANNEL = '__redis__:invalidate';

/**
 * Is told by Redis of every key that somebody else changes, at once and without asking again and again, which would
 * take time from the very things that are measured.
 * https://redis.io/docs/latest/develop/reference/client-side-caching/#broadcasting-mode
 */
export class KeyWatch implements AsyncDisposable {
  readonly #listener: Redis;
  #onChange: (key: string, atMs: number) => void = () => {};

  private constructor(listener: Redis) {
    this.#listener = listener;
    // One message holds a list of keys, which the driver's types do not know.
    listener.on('messageBuffer', (_channel: Buffer, keys: unknown) => {
      const atMs = performance.now();
      if (Array.isArray(keys)) for (const key of keys) this.#onChange(String(key), atMs);
    });
  }

  /** @param writer its own writes are not reported */
  static async open(url: string, prefix: string, writer: Redis): Promise<KeyWatch> {
    // In RESP3 the driver swallows these messages.
    const listener = new Redis(url, { protocol: 2, maxRetriesPerRequest: null });
    listener.on('error', () => {});
    const id = await listener.client('ID');
    await listener.subscribe(CHANNEL);
    const watch = new KeyWatch(listener);
    await writer.call('CLIENT', 'TRACKING', 'ON', 'REDIRECT', id, 'BCAST', 'PREFIX', prefix, 'NOLOOP');
    return watch;
  }

  /** @param listener gets each key with the time on the clock of `performance.now()`; it replaces the one before */
  listen(listener: (key: string, atMs: number) => void): void {
    this.#onChange = listener;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.disconnect();
  }
}
