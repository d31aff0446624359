import type { Redis } from 'ioredis';
import type { Effect } from '../../domain/effect.ts';

/** A stream that nobody writes to any more must not stay for ever. */
const STREAM_LIFE_SECONDS = 7 * 24 * 3600;

/**
 * KEYS[1] the stream. ARGV[1] its greatest length, ARGV[2] the message, ARGV[3] life in seconds. XTRIM first: after a
 * write that needs no memory a Redis that is full allows others.
 */
const APPEND_SCRIPT = `
  redis.call('XTRIM', KEYS[1], 'MAXLEN', '~', ARGV[1])
  redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*', 'change', ARGV[2])
  redis.call('EXPIRE', KEYS[1], ARGV[3])`;

interface Scripts {
  freshetAppend(stream: string, maxLength: number, message: string, ttlSeconds: number): Promise<unknown>;
}

/** Tells whoever listens which key or pattern has changed, as JSON: `{"rule":"product","key":"product:7"}`. */
export class Messenger {
  readonly #redis: Redis & Scripts;

  constructor(redis: Redis) {
    redis.defineCommand('freshetAppend', { numberOfKeys: 1, lua: APPEND_SCRIPT });
    this.#redis = redis as Redis & Scripts;
  }

  /** @throws the reply that was an error */
  async send({ to, subject, origin }: Extract<Effect, { kind: 'publish' }>): Promise<void> {
    const message = JSON.stringify({ rule: origin.rule, ...subject });
    if (to.to === 'channel') {
      await this.#redis.publish(to.name, message);
      return;
    }
    await this.#redis.freshetAppend(to.name, to.maxLength, message, STREAM_LIFE_SECONDS);
  }
}
