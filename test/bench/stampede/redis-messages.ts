import type { CacheableSyncOptions } from 'cacheable';
import { Redis } from 'ioredis';

type Provider = Extract<CacheableSyncOptions['qified'], { subscriptions: unknown }>;
type Message = Parameters<Provider['publish']>[1];
type Handler = Parameters<Provider['subscribe']>[1];

/** Pub/sub for cacheable's `sync`, as @qified/redis does it, over the driver that is here already. */
export class RedisMessages implements Provider {
  id = 'redis-messages';
  subscriptions = new Map<string, Handler[]>();
  readonly #publisher: Redis;
  readonly #subscriber: Redis;

  constructor(redisUrl: string) {
    this.#publisher = new Redis(redisUrl);
    this.#subscriber = new Redis(redisUrl);
    this.#subscriber.on('message', (topic: string, text: string) => {
      for (const { handler } of this.subscriptions.get(topic) ?? []) void handler(JSON.parse(text));
    });
  }

  async publish(topic: string, message: Message): Promise<void> {
    await this.#publisher.publish(topic, JSON.stringify({ ...message, providerId: this.id }));
  }

  async subscribe(topic: string, handler: Handler): Promise<void> {
    this.subscriptions.set(topic, [...(this.subscriptions.get(topic) ?? []), handler]);
    await this.#subscriber.subscribe(topic);
  }

  async unsubscribe(topic: string): Promise<void> {
    this.subscriptions.delete(topic);
    await this.#subscriber.unsubscribe(topic);
  }

  async disconnect(): Promise<void> {
    this.#publisher.disconnect();
    this.#subscriber.disconnect();
  }
}
