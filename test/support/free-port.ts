import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Below Linux' default ephemeral range, so that no outgoing connection takes the port before its server does; so is the
 * port of a Redis Cluster's bus, 10,000 above.
 */
const FIRST_PORT = 15_000;
const LAST_PORT = 22_000;

/**
 * A TCP port of 127.0.0.1 on which nothing listens. No other test process draws it while this one lives: a daemon listens
 * only a second later, and a server that is started again wants its old port.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = FIRST_PORT + Math.floor(Math.random() * (LAST_PORT - FIRST_PORT));
    if ((await draw(port)) && (await isFree(port))) return port;
  }
  throw new Error(`no free port found between ${FIRST_PORT} and ${LAST_PORT}`);
}

/** Who has the UDP port of this number, for which nobody has a use, has drawn it. */
async function draw(port: number): Promise<boolean> {
  const socket = createSocket('udp4').unref();
  try {
    socket.bind(port, '127.0.0.1');
    await once(socket, 'listening');
    return true;
  } catch {
    return false;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}
