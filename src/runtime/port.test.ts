import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { assertPortFree, freePort } from './port.ts';

describe('assertPortFree', () => {
  it('accepts a free port and any port', async () => {
    await expect(assertPortFree(await freePort(), '127.0.0.1')).resolves.toBeUndefined();
    await expect(assertPortFree(0, '127.0.0.1')).resolves.toBeUndefined();
  });

  it('names the port that another program has', async () => {
    const port = await freePort();
    const other = createServer();
    await new Promise<void>((resolve) => {
      other.listen(port, '127.0.0.1', resolve);
    });

    await expect(assertPortFree(port, '127.0.0.1')).rejects.toMatchObject({
      code: 'PORT_IN_USE',
      message: `port ${port} of 127.0.0.1 is taken by another program`,
    });

    other.close();
  });

  it('refuses an address that is not of this machine', async () => {
    await expect(assertPortFree(4711, '203.0.113.9')).rejects.toMatchObject({ code: 'USAGE' });
  });
});
