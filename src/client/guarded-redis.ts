import type { Circuit } from './circuit.ts';
import { isRefusal } from './error-reply.ts';
import { leaseScript, type ScriptName } from './lease-script.ts';
import type { Observer } from './observer.ts';
import type { RedisPort } from './redis-port.ts';
import { Replies } from './replies.ts';

/**
 * Redis, with an end to every wait. Its faults are no exceptions: a cache can do without, so what asks it decides on
 * `undefined`, which no reply is.
 */
export class GuardedRedis {
  readonly #port: RedisPort;
  readonly #circuit: Circuit;
  readonly #observer: Observer;
  readonly #replies: Replies;

  constructor(port: RedisPort, timeoutMs: number, circuit: Circuit, observer: Observer) {
    this.#port = port;
    this.#circuit = circuit;
    this.#observer = observer;
    this.#replies = new Replies(timeoutMs);
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
      const answer = await this.#replies.inTime(answering);
      this.#circuit.succeeded();
      return answer;
    } catch (error) {
      if (isRefusal(error)) this.#circuit.succeeded();
      else this.#circuit.failed();
      this.#observer.report({ kind: 'redisFailed', error });
      answering.then(onLate, () => {});
      return undefined;
    }
  }
}
