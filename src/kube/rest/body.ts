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
    body.once('end', () => {
      const [first] = chunks;
      const whole = chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks);
      // undici gives a connection back one turn of the event loop after its answer; a caller who goes on before that
      // would open a second one.
      setImmediate(() => resolve(whole.toString('utf8')));
    });
    body.once('error', (error) => {
      if (signal.aborted) reject(signal.reason);
      else reject(error instanceof KubeError ? error : connectionFailure(error, what, 'the server'));
    });
  });
}
