import { type Command, Redis } from 'ioredis';
import { RetryableError } from '../../../src/domain/errors.ts';

/** A client that can be told to stop after some more commands, as a process does that is killed while it writes. */
export class FailingRedis extends Redis {
  #left = Number.POSITIVE_INFINITY;

  /** Lets so many commands through, while `task` runs, and fails all later ones. Resolves once Redis has done them. */
  async during(commands: number, task: () => Promise<void>): Promise<void> {
    this.#left = commands;
    try {
      await task();
    } catch (error) {
      // As it is, or in the words that the pipeline has for a fault of Redis.
      const isOurs = error instanceof OutOfCommandsError || error instanceof RetryableError;
      if (this.#left > 0 || !isOurs) throw error;
    } finally {
      this.#left = Number.POSITIVE_INFINITY;
      // What was sent before is done when this is answered.
      await this.ping();
    }
  }

  override sendCommand(command: Command, ...rest: []): unknown {
    if (this.#left > 0) {
      this.#left--;
      return super.sendCommand(command, ...rest);
    }
    command.reject(new OutOfCommandsError('no further command'));
    return command.promise;
  }
}

class OutOfCommandsError extends Error {}
