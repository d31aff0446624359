import { Redis } from 'ioredis';
import { freePort } from '../free-port.ts';
import { ServerProcess } from '../server-process.ts';
import { TempFolder } from '../temp-folder.ts';
import { redisServer } from './redis-binary.ts';

export interface LocalRedisOptions {
  /** redis.conf directives beside the defaults: `{ 'maxmemory-policy': 'allkeys-lru' }`. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** A Redis of its own port that keeps nothing on disk: after `kill` and `start` it is empty. */
export class LocalRedis implements AsyncDisposable {
  readonly port: number;
  readonly #folder: TempFolder;
  readonly #binary: string;
  readonly #settings: Readonly<Record<string, string>>;
  #process: ServerProcess | undefined;

  private constructor(
    port: number,
    folder: TempFolder,
    binary: string,
    settings: Readonly<Record<string, string>>,
  ) {
    this.port = port;
    this.#folder = folder;
    this.#binary = binary;
    this.#settings = settings;
  }

  static async create({ settings = {} }: LocalRedisOptions = {}): Promise<LocalRedis> {
    const binary = await redisServer();
    const server = new LocalRedis(await freePort(), await TempFolder.create('redis'), binary, settings);
    try {
      await server.start();
      return server;
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  get pid(): number {
    return this.#running().pid;
  }

  async start(): Promise<void> {
    const settings = {
      port: String(this.port),
      bind: '127.0.0.1',
      dir: this.#folder.path,
      save: '',
      appendonly: 'no',
      ...this.#settings,
    };
    this.#process = await ServerProcess.launch(`Redis on port ${this.port}`, {
      command: this.#binary,
      args: Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]),
    });
    await this.#process.waitUntil('answers PING', () => answersPing(this.url));
  }

  /** @returns how long it took, in milliseconds */
  async stop(): Promise<number> {
    return this.#running().end('SIGTERM');
  }

  async kill(): Promise<void> {
    await this.#running().end('SIGKILL');
  }

  /** Connections stay open and nothing answers. */
  freeze(): void {
    this.#running().signal('SIGSTOP');
  }

  thaw(): void {
    this.#running().signal('SIGCONT');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // SIGKILL also ends a frozen process, and there is nothing to save.
    if (this.#process !== undefined) await this.#process.end('SIGKILL');
    await this.#folder[Symbol.asyncDispose]();
  }

  #running(): ServerProcess {
    if (this.#process === undefined) throw new Error(`Redis on port ${this.port} was never started`);
    return this.#process;
  }
}

/** One connection, one PING. */
export async function answersPing(url: string): Promise<boolean> {
  const client = new Redis(url, { lazyConnect: true, retryStrategy: () => null, connectTimeout: 2_000 });
  client.on('error', () => {});
  try {
    await client.connect();
    return (await client.ping()) === 'PONG';
  } finally {
    client.disconnect();
  }
}
