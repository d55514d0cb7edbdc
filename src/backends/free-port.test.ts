import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { freePort, isFree } from './free-port.ts';

describe('freePort', () => {
  it('gives a port that is free until somebody listens on it', async () => {
    const port = await freePort();
    const before = await isFree(port);
    const server = createServer().listen(port, '127.0.0.1');
    await once(server, 'listening');

    const during = await isFree(port);
    server.close();
    await once(server, 'close');

    expect(port).toBeGreaterThan(1023);
    expect([before, during, await isFree(port)]).toEqual([true, false, true]);
  });
});
