/** A read of one key that is under way: whoever else wants the key in this process waits for the same. */
export class Call {
  readonly #result = Promise.withResolvers<unknown>();
  #isSettled = false;

  constructor() {
    // Several may wait for it, or none: a rejection is handled by whoever does.
    this.#result.promise.catch(() => {});
  }

  get result(): Promise<unknown> {
    return this.#result.promise;
  }

  get isSettled(): boolean {
    return this.#isSettled;
  }

  resolve(value: unknown): void {
    this.#isSettled = true;
    this.#result.resolve(value);
  }

  reject(error: unknown): void {
    this.#isSettled = true;
    this.#result.reject(error);
  }
}

/** The reads of this process that are under way, one a name. */
export class Calls {
  #underWay = new Map<string, Call>();

  find(name: string): Call | undefined {
    return this.#underWay.get(name);
  }

  open(name: string): Call {
    const call = new Call();
    const underWay = this.#underWay;
    underWay.set(name, call);
    const close = (): void => {
      if (underWay.get(name) === call) underWay.delete(name);
    };
    call.result.then(close, close);
    return call;
  }

  /** They go on, but nobody joins them any more: they may have read before what a caller knows to have happened. */
  forget(name: string): void {
    this.#underWay.delete(name);
  }

  forgetAll(): void {
    this.#underWay = new Map();
  }
}
