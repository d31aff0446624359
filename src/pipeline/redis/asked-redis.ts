import type { Redis } from 'ioredis';
import { RetryableError } from '../../domain/errors.ts';
import { connectRedis } from './connect-redis.ts';
import { describeRedis, type RedisFacts } from './describe-redis.ts';

/** A client of one's own for a look at Redis or an audit of it, and what the server told of itself at first. */
export class AskedRedis implements AsyncDisposable {
  readonly facts: RedisFacts;
  readonly #client: Redis;

  private constructor(client: Redis, facts: RedisFacts) {
    this.#client = client;
    this.facts = facts;
  }

  static async open(url: string): Promise<AskedRedis> {
    const client = connectRedis(url);
    // Without a listener ioredis prints errors; describeRedis reports them.
    client.on('error', () => {});
    return new AskedRedis(client, await describeRedis(client));
  }

  /** @throws RetryableError where Redis did not answer: commands would wait for it for ever */
  reachableClient(): Redis {
    const { facts } = this;
    if (facts.kind === 'unreachable')
      throw new RetryableError(`Redis ${facts.address} cannot be reached: ${facts.reason}`);
    return this.#client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client.disconnect();
  }
}
