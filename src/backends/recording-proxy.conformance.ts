import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One request that passed. */
export interface RecordedRequest {
  readonly path: string;
  readonly body: string;
}

/** Stands between a client and an engine and remembers what was asked. */
export interface RecordingProxy {
  readonly port: number;
  readonly requests: readonly RecordedRequest[];
  close(): void;
}

/** Forwards everything to `127.0.0.1:enginePort`. */
export async function startRecordingProxy(enginePort: number): Promise<RecordingProxy> {
  const requests: RecordedRequest[] = [];
  const server = createServer((incoming, outgoing) => {
    const { method, url: path = '/', headers } = incoming;
    const forward = request({ host: '127.0.0.1', port: enginePort, method, path, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    forward.on('error', () => outgoing.destroy());
    let body = '';
    incoming.setEncoding('utf8').on('data', (piece: string) => {
      body += piece;
    });
    incoming.on('end', () => {
      requests.push({ path, body });
      forward.end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address: AddressInfo | string | null = server.address();
  if (address === null || typeof address === 'string') {
    throw new Error('the proxy has no port');
  }
  return {
    port: address.port,
    requests,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
