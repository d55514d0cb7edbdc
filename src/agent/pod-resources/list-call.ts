import { type ClientHttp2Stream, connect, constants } from 'node:http2';
import { createConnection } from 'node:net';
import type { DeviceHolder } from './holders.ts';
import { parseListAnswer } from './list-answer.ts';

const TIMEOUT_MS = 5000;
const MOST_BYTES = 16 * 1024 * 1024;
/** Uncompressed, and a request without fields: four bytes of length, all zero. */
const EMPTY_REQUEST = Buffer.alloc(5);

/**
 * Asks the kubelet which container has which devices: the one gRPC call `v1.PodResourcesLister/List`.
 *
 * @param socket path of the kubelet's Unix socket
 * @throws Error saying what went wrong: no such socket, a gRPC status, an answer that is none, no answer in time
 */
export async function listPodDevices(socket: string, signal: AbortSignal): Promise<readonly DeviceHolder[]> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
  const session = connect('http://localhost', { createConnection: () => createConnection(socket) });
  try {
    return await new Promise((resolve, reject) => {
      const giveUp = (): void => {
        reject(new Error(signal.aborted ? 'cancelled' : `no answer within ${TIMEOUT_MS / 1000} s`));
      };
      if (limit.aborted) giveUp();
      limit.addEventListener('abort', giveUp, { once: true });
      session.on('error', reject);
      session.on('close', () => reject(new Error('the kubelet closed the connection')));
      const stream = session.request({
        [constants.HTTP2_HEADER_METHOD]: 'POST',
        [constants.HTTP2_HEADER_PATH]: '/v1.PodResourcesLister/List',
        [constants.HTTP2_HEADER_CONTENT_TYPE]: 'application/grpc',
        [constants.HTTP2_HEADER_TE]: 'trailers',
      });
      collect(stream).then(parseListAnswer).then(resolve, reject);
      stream.end(EMPTY_REQUEST);
    });
  } finally {
    session.destroy();
  }
}

/** The one message of the answer. A status other than 0 comes in the trailers, or in the headers of an empty answer. */
function collect(stream: ClientHttp2Stream): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    let status: unknown;
    let httpStatus: unknown;
    let words = '';
    const note = (headers: Readonly<Record<string, unknown>>): void => {
      httpStatus ??= headers[constants.HTTP2_HEADER_STATUS];
      status = headers['grpc-status'] ?? status;
      const message = headers['grpc-message'];
      if (typeof message === 'string') words = message;
    };
    stream.on('response', note);
    stream.on('trailers', note);
    stream.on('error', reject);
    stream.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > MOST_BYTES) stream.destroy(new Error(`the answer has more than ${MOST_BYTES} bytes`));
      else chunks.push(chunk);
    });
    stream.on('end', () => {
      const body = Buffer.concat(chunks);
      if (httpStatus !== 200) reject(new Error(`HTTP status ${String(httpStatus)}`));
      else if (String(status) !== '0') reject(new Error(`gRPC status ${String(status)}: ${words}`));
      else if (body.length < 5 || body[0] !== 0 || body.readUInt32BE(1) !== body.length - 5) {
        reject(new Error('the answer is not one uncompressed message'));
      } else resolve(body.subarray(5));
    });
  });
}
