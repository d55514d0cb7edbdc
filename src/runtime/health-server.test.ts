import { describe, expect, it } from 'vitest';
import { startHealthServer } from './health-server.ts';

describe('startHealthServer', () => {
  it('tells health and readiness apart as they change', async () => {
    let ready = false;
    const server = await startHealthServer({ port: 0, host: '127.0.0.1', healthy: () => true, ready: () => ready });
    const status = async (path: string) => (await fetch(`http://127.0.0.1:${server.port}${path}`)).status;

    const before = [await status('/healthz'), await status('/readyz')];
    ready = true;
    const after = await status('/readyz?verbose');

    expect([...before, after]).toEqual([200, 503, 200]);
    await server.close();
  });

  it('answers only what it knows and only to GET', async () => {
    const server = await startHealthServer({
      port: 0,
      host: '127.0.0.1',
      healthy: () => true,
      ready: () => true,
      routes: { '/metrics': (_, response) => response.end('up 1\n') },
    });
    const origin = `http://127.0.0.1:${server.port}`;

    expect((await fetch(`${origin}/constructor`)).status).toBe(404);
    expect((await fetch(`${origin}/healthz`, { method: 'POST' })).status).toBe(405);
    expect(await (await fetch(`${origin}/metrics`)).text()).toBe('up 1\n');
    await server.close();
  });

  it('names a port that is taken', async () => {
    const options = { host: '127.0.0.1', healthy: () => true, ready: () => true };
    const first = await startHealthServer({ port: 0, ...options });

    await expect(startHealthServer({ port: first.port, ...options })).rejects.toMatchObject({ code: 'PORT_IN_USE' });

    await first.close();
  });

  it('cuts a connection that does not end within the grace period', async () => {
    const server = await startHealthServer({
      port: 0,
      host: '127.0.0.1',
      healthy: () => true,
      ready: () => true,
      routes: { '/hang': (_, response) => response.write('x') },
    });
    const response = await fetch(`http://127.0.0.1:${server.port}/hang`);

    const [body] = await Promise.allSettled([response.text(), server.close(10)]);

    expect(body.status).toBe('rejected');
  });
});
