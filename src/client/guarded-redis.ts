import type { Circuit } from './circuit.ts';
import { leaseScript, type ScriptName } from './lease-script.ts';
import type { Observer } from './observer.ts';
import type { RedisPort } from './redis-port.ts';

/**
 * Redis, with an end to every wait. Its faults are no exceptions: a cache can do without, so what asks it decides on
 * `undefined`, which no reply is.
 */
export class GuardedRedis {
  readonly #port: RedisPort;
  readonly #timeoutMs: number;
  readonly #circuit: Circuit;
  readonly #observer: Observer;

  constructor(port: RedisPort, timeoutMs: number, circuit: Circuit, observer: Observer) {
    this.#port = port;
    this.#timeoutMs = timeoutMs;
    this.#circuit = circuit;
    this.#observer = observer;
  }

  /**
   * @param read throws where the reply is none that the script makes
   * @param onLate what to do about an answer for which nobody waits any more
   * @returns undefined where Redis is away
   */
  async run<T>(
    name: ScriptName,
    key: string,
    args: readonly string[],
    read: (reply: unknown) => T,
    onLate?: (answer: T) => void,
  ): Promise<T | undefined> {
    return this.#guard(() => this.#ask(name, key, args), read, onLate);
  }

  /** Whether it is answered or not, and although the circuit is open: nobody waits for it. */
  send(name: ScriptName, key: string, args: readonly string[]): void {
    this.#ask(name, key, args).catch(() => {});
  }

  /** @returns whether Redis has confirmed it */
  async remove(keys: readonly string[]): Promise<boolean> {
    const isRemoved = await this.#guard(
      async () => this.#port.remove(keys),
      () => true,
    );
    return isRemoved === true;
  }

  async #ask(name: ScriptName, key: string, args: readonly string[]): Promise<unknown> {
    return this.#port.run(leaseScript(name), key, args);
  }

  async #guard<T>(
    call: () => Promise<unknown>,
    read: (reply: unknown) => T,
    onLate?: (answer: T) => void,
  ): Promise<T | undefined> {
    if (!this.#circuit.admits()) return undefined;
    const answering = call().then(read);
    try {
      const answer = await this.#inTime(answering);
      this.#circuit.succeeded();
      return answer;
    } catch (error) {
      this.#circuit.failed();
      this.#observer.report({ kind: 'redisFailed', error });
      answering.then(onLate, () => {});
      return undefined;
    }
  }

  async #inTime<T>(answering: Promise<T>): Promise<T> {
    const late = Promise.withResolvers<never>();
    const expire = (): void => {
      late.reject(new Error(`Redis has not answered within ${this.#timeoutMs} ms`));
    };
    // Not at once: after a pause of this process the timer comes before what the socket has received meanwhile.
    const timer = setTimeout(() => setImmediate(expire), this.#timeoutMs);
    try {
      return await Promise.race([answering, late.promise]);
    } finally {
      clearTimeout(timer);
    }
  }
}
