import type { Redis } from 'ioredis';
import type { Effect } from '../../domain/effect.ts';

/** A stream that nobody writes to any more must not stay for ever. */
const STREAM_LIFE_SECONDS = 7 * 24 * 3600;

/** Tells whoever listens which key or pattern has changed, as JSON: `{"rule":"product","key":"product:7"}`. */
export class Messenger {
  readonly #redis: Redis;

  constructor(redis: Redis) {
    this.#redis = redis;
  }

  /** @throws the reply that was an error */
  async send({ to, subject, origin }: Extract<Effect, { kind: 'publish' }>): Promise<void> {
    const message = JSON.stringify({ rule: origin.rule, ...subject });
    if (to.to === 'channel') {
      await this.#redis.publish(to.name, message);
      return;
    }
    await this.#redis.xadd(to.name, 'MAXLEN', '~', to.maxLength, '*', 'change', message);
    await this.#redis.expire(to.name, STREAM_LIFE_SECONDS);
  }
}
