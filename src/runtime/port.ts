import { createServer } from 'node:net';
import { FlexInferError, messageOf } from '../api/errors.ts';

/**
 * Fails before any work is done when a wanted port is taken.
 *
 * @throws FlexInferError PORT_IN_USE
 */
export async function assertPortFree(port: number, host: string): Promise<void> {
  if (port === 0) return;
  try {
    await listenOnce(port, host);
  } catch (error) {
    throw listenFailure(error, port, host);
  }
}

/** What a failed `listen` means to a person; also for servers that keep listening. */
export function listenFailure(error: unknown, port: number, host: string): FlexInferError {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EADDRINUSE') {
    return new FlexInferError('PORT_IN_USE', `port ${port} of ${host} is taken by another program`, {
      todo: 'stop that program or choose another with --port',
      cause: error,
    });
  }
  if (code === 'EACCES') {
    return new FlexInferError('PORT_IN_USE', `port ${port} of ${host} may not be used by this user`, {
      todo: 'choose one above 1023 with --port',
      cause: error,
    });
  }
  return new FlexInferError('USAGE', `cannot listen on ${host}:${port}: ${messageOf(error)}`, {
    todo: 'give an address of this machine with --host',
    cause: error,
  });
}

function listenOnce(port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, host, () => {
      const address = server.address();
      server.close(() => {
        resolve(typeof address === 'object' && address !== null ? address.port : port);
      });
    });
  });
}
