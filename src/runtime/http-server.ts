import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { FatalError } from '../domain/errors.ts';

export interface HttpReply {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

export type Routes = Readonly<Record<string, () => HttpReply | Promise<HttpReply>>>;

/** A small server for probes and scrapes: GET only, exact paths. */
export class HttpServer implements AsyncDisposable {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** @throws FatalError PORT_IN_USE when the address cannot be listened on */
  static async listen(routes: Routes, { host, port }: { host: string; port: number }): Promise<HttpServer> {
    const server = createServer((request, response) => {
      const path = request.url?.split('?')[0] ?? '/';
      const answer = async (): Promise<HttpReply> =>
        request.method === 'GET' || request.method === 'HEAD'
          ? ((await routes[path]?.()) ?? notFound(routes))
          : { status: 405, type: 'text/plain', body: 'only GET\n' };
      answer().then(
        ({ status, type, body }) => response.writeHead(status, { 'content-type': type }).end(body),
        () => response.writeHead(500).end(),
      );
    });
    const listening = Promise.withResolvers<void>();
    server.once('error', listening.reject);
    server.listen(port, host, listening.resolve);
    try {
      await listening.promise;
    } catch (error) {
      throw new FatalError(
        'PORT_IN_USE',
        `cannot listen on ${host}:${port} for probes and metrics`,
        'set http.port (FRESHET_HTTP_PORT) to a free port, or http.host to an address of this machine',
        { cause: error },
      );
    }
    return new HttpServer(server);
  }

  get address(): AddressInfo | null {
    const address = this.#server.address();
    return typeof address === 'string' ? null : address;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

function notFound(routes: Routes): HttpReply {
  return { status: 404, type: 'text/plain', body: `not here; try ${Object.keys(routes).join(', ')}\n` };
}
