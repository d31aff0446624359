import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { HttpServer, type Routes } from '../../../src/runtime/http-server.ts';

const ROUTES: Routes = {
  '/livez': () => ({ status: 200, type: 'text/plain', body: 'alive\n' }),
  '/readyz': () => ({ status: 503, type: 'text/plain', body: 'starting\n' }),
  '/broken': async () => {
    throw new Error('postgres://user:secret@host/db');
  },
};

async function listen(): Promise<{ server: HttpServer; url: string; port: number }> {
  const server = await HttpServer.listen(ROUTES, { host: '127.0.0.1', port: 0 });
  const port = server.address?.port ?? 0;
  return { server, port, url: `http://127.0.0.1:${port}` };
}

test('a route answers with its status, type and body, whatever the query', async () => {
  const { server, url } = await listen();
  await using _ = server;
  const alive = await fetch(`${url}/livez?verbose=1`);
  expect([alive.status, alive.headers.get('content-type'), await alive.text()]).toEqual([
    200,
    'text/plain',
    'alive\n',
  ]);
  expect((await fetch(`${url}/readyz`)).status).toBe(503);
});

test('HEAD answers like GET without a body; other methods are refused', async () => {
  const { server, url } = await listen();
  await using _ = server;
  const head = await fetch(`${url}/livez`, { method: 'HEAD' });
  expect([head.status, await head.text()]).toEqual([200, '']);
  expect((await fetch(`${url}/livez`, { method: 'POST' })).status).toBe(405);
});

test('an unknown path names those that there are', async () => {
  const { server, url } = await listen();
  await using _ = server;
  const reply = await fetch(`${url}/healthz`);
  expect(reply.status).toBe(404);
  expect(await reply.text()).toContain('/livez');
  expect((await fetch(`${url}/constructor`)).status).toBe(404);
});

test('a route that fails answers 500 and tells nothing of why', async () => {
  const { server, url } = await listen();
  await using _ = server;
  const reply = await fetch(`${url}/broken`);
  expect([reply.status, await reply.text()]).toEqual([500, '']);
});

test('a port in use stops the start, and says which setting to change', async () => {
  const { server, port } = await listen();
  await using _ = server;
  await expect(HttpServer.listen(ROUTES, { host: '127.0.0.1', port })).rejects.toMatchObject({
    name: 'FatalError',
    code: 'PORT_IN_USE',
    message: expect.stringContaining(`127.0.0.1:${port}`),
    remedy: expect.stringContaining('http.port'),
  });
});

test('it ends although a client keeps its connection open', async () => {
  const { server, port } = await listen();
  const client = connect(port, '127.0.0.1');
  await once(client, 'connect');
  const closed = once(client, 'close');
  await server[Symbol.asyncDispose]();
  await closed;
  const refused = connect(port, '127.0.0.1');
  const [error] = await once(refused, 'error');
  expect(error).toMatchObject({ code: 'ECONNREFUSED' });
});
