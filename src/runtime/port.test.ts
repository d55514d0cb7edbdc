import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { assertPortFree } from './port.ts';

describe('assertPortFree', () => {
  it('accepts any port, and names one that another program has', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => {
      other.listen(0, '127.0.0.1', resolve);
    });
    const { port } = other.address() as AddressInfo;

    await expect(assertPortFree(0, '127.0.0.1')).resolves.toBeUndefined();
    await expect(assertPortFree(port, '127.0.0.1')).rejects.toMatchObject({
      code: 'PORT_IN_USE',
      message: `port ${port} of 127.0.0.1 is taken by another program`,
    });

    await new Promise((resolve) => other.close(resolve));
    await expect(assertPortFree(port, '127.0.0.1')).resolves.toBeUndefined();
  });

  it('refuses an address that is not of this machine', async () => {
    await expect(assertPortFree(4711, '203.0.113.9')).rejects.toMatchObject({ code: 'USAGE' });
  });
});
