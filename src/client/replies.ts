/** A reply is waited for so many times the timeout at most, however steadily earlier ones come. */
const MOST_TIMES = 10;

/**
 * Waits for replies, each with an end: the timeout is for Redis to say anything. Of many commands that were sent at once
 * the last is answered only after all others were received, which takes its time where their values are large; so a
 * reply to one that was sent earlier is a sign of life. One to a later command is none: it came from another server.
 */
export class Replies {
  readonly #timeoutMs: number;
  #awaited = 0;
  #received = 0;
  /** The number of the call that was answered last. */
  #latest = 0;

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  /** @throws Error when it takes too long, and whatever the call throws */
  async inTime<T>(answering: Promise<T>): Promise<T> {
    const call = ++this.#awaited;
    const late = Promise.withResolvers<never>();
    let timer: NodeJS.Timeout | undefined;
    let isOver = false;
    const wait = (times: number): void => {
      const before = this.#received;
      const look = (): void => {
        const isAlive = this.#received > before && this.#latest < call;
        if (isOver) return;
        if (isAlive && times < MOST_TIMES) wait(times + 1);
        else late.reject(new Error(`Redis has not answered within ${this.#timeoutMs * times} ms`));
      };
      // Not at once: after a pause of this process the timer comes before what the socket has received meanwhile.
      timer = setTimeout(() => setImmediate(look), this.#timeoutMs);
    };
    const received = (): void => {
      this.#received++;
      this.#latest = call;
    };
    answering.then(received, received);
    wait(1);
    try {
      return await Promise.race([answering, late.promise]);
    } finally {
      isOver = true;
      clearTimeout(timer);
    }
  }
}
