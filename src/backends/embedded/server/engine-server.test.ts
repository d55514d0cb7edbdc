import { once } from 'node:events';
import { createServer } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { freePort } from '../../free-port.ts';
import { type EngineServer, startServer } from './engine-server.ts';

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) {
    await cleanUp();
  }
});

async function loadingServer(): Promise<{ server: EngineServer; port: number }> {
  const port = await freePort();
  const server = await startServer(port, 'model');
  cleanUps.push(() => server.stop());
  return { server, port };
}

// What it does with a model in memory is tested in test/backends, on a real one.
describe('startServer', () => {
  it.each(['/health', '/v1/models', '/metrics', '/nothing'])(
    'says at %s that the model is loading, until it is',
    async (path) => {
      const { port } = await loadingServer();

      const answer = await fetch(`http://127.0.0.1:${port}${path}`);

      expect(answer.status).toBe(503);
      expect(await answer.json()).toMatchObject({ error: { message: 'Loading model', type: 'unavailable_error' } });
    },
  );

  it('fails when the port is taken', async () => {
    const port = await freePort();
    const other = createServer().listen(port, '127.0.0.1');
    await once(other, 'listening');
    cleanUps.push(() => other.close());

    await expect(startServer(port, 'model')).rejects.toThrow('EADDRINUSE');
  });

  it('stops while connections are open', async () => {
    const { server, port } = await loadingServer();
    await (await fetch(`http://127.0.0.1:${port}/health`)).text();

    await server.stop();

    await expect(fetch(`http://127.0.0.1:${port}/health`)).rejects.toThrow('fetch failed');
  });
});
