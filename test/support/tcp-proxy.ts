import { once } from 'node:events';
import { createConnection, createServer, type Server, type Socket } from 'node:net';

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
}

/**
 * Stands between a client and a server on 127.0.0.1 and misbehaves as networks do:
 *
 *     forwarding <-> black hole: connections stay open, bytes go nowhere, new connections get no answer
 *          |
 *         cut: every connection is reset (RST); new ones are forwarded again
 */
export class TcpProxy implements AsyncDisposable {
  readonly port: number;
  readonly #listener: Server;
  readonly #targetPort: number;
  readonly #pairs = new Set<Pair>();
  #isBlackHole = false;

  private constructor(listener: Server, targetPort: number) {
    this.#listener = listener;
    this.port = portOf(listener);
    this.#targetPort = targetPort;
    listener.on('connection', (client) => this.#connect(client));
  }

  static async open(targetPort: number): Promise<TcpProxy> {
    const listener = createServer({ noDelay: true, allowHalfOpen: true });
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    return new TcpProxy(listener, targetPort);
  }

  /** The same URL with the proxy's address: `proxy.through(postgres.url)`. */
  through(url: string): string {
    const proxied = new URL(url);
    proxied.hostname = '127.0.0.1';
    proxied.port = String(this.port);
    return proxied.href;
  }

  get connections(): number {
    return this.#pairs.size;
  }

  /** Bytes of clients that have come into the black hole, as far as they are seen. */
  get heldBytes(): number {
    return [...this.#pairs].reduce((sum, { client }) => sum + client.readableLength, 0);
  }

  /** Resets what is connected now. */
  cut(): void {
    for (const { client, server } of this.#pairs) {
      client.resetAndDestroy();
      server.resetAndDestroy();
    }
  }

  /** Stops forwarding, and says so to nobody: no FIN, no RST, also when one side closes. */
  blackHole(): void {
    this.#isBlackHole = true;
    for (const { client, server } of this.#pairs) {
      client.pause();
      server.pause();
    }
  }

  /** Goes on where the black hole began: TCP has kept every byte. What one side closed meanwhile is closed now. */
  resume(): void {
    this.#isBlackHole = false;
    for (const pair of this.#pairs) {
      const { client, server } = pair;
      if (client.destroyed || server.destroyed) this.#close(pair);
      if (client.readableEnded) server.end();
      if (server.readableEnded) client.end();
      client.resume();
      server.resume();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    this.#listener.close();
    await once(this.#listener, 'close');
  }

  #connect(client: Socket): void {
    const server = createConnection({
      port: this.#targetPort,
      host: '127.0.0.1',
      noDelay: true,
      allowHalfOpen: true,
    });
    const pair = { client, server };
    this.#pairs.add(pair);
    this.#forward(client, server);
    this.#forward(server, client);
    for (const socket of [client, server]) {
      if (this.#isBlackHole) socket.pause();
      // Without this an error would end the process; `close` follows it.
      socket.on('error', () => {});
      socket.on('close', () => {
        if (!this.#isBlackHole) this.#close(pair);
      });
    }
  }

  /** Not `pipe`, which resumes a source by itself when its target drains. */
  #forward(from: Socket, to: Socket): void {
    from.on('data', (bytes) => {
      if (to.write(bytes)) return;
      from.pause();
      to.once('drain', () => {
        if (!this.#isBlackHole) from.resume();
      });
    });
    // A paused socket with an empty buffer still reports the other side's FIN.
    from.on('end', () => {
      if (!this.#isBlackHole) to.end();
    });
  }

  #close(pair: Pair): void {
    this.#pairs.delete(pair);
    pair.client.destroy();
    pair.server.destroy();
  }
}

function portOf(listener: Server): number {
  const address = listener.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy does not listen on a port');
  return address.port;
}
