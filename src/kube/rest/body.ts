import type { Readable } from 'node:stream';
import { connectionFailure } from './connection-failure.ts';
import { KubeError } from './kube-error.ts';

/**
 * The whole body of an answer as text.
 *
 * @throws KubeError `Unreachable` when the connection breaks, `TooLarge` above `maxBytes`; the signal's reason
 */
export function readBody(body: Readable, maxBytes: number, signal: AbortSignal, what: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    body.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= maxBytes) chunks.push(chunk);
      else body.destroy(new KubeError(`${what}: the answer has more than ${maxBytes} bytes`, { reason: 'TooLarge' }));
    });
    body.once('end', () =>
      resolve((chunks.length === 1 ? (chunks[0] ?? Buffer.alloc(0)) : Buffer.concat(chunks)).toString('utf8')),
    );
    body.once('error', (error) => {
      if (signal.aborted) reject(signal.reason);
      else reject(error instanceof KubeError ? error : connectionFailure(error, what, 'the server'));
    });
  });
}
