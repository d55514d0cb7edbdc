import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Http2Server, type ServerHttp2Stream } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { wireBytes } from '../pod-resources/wire.ts';

/** How the fake answers a call. */
export interface FakeAnswer {
  /** The message; none when absent. */
  readonly message?: Uint8Array;
  readonly grpcStatus?: number;
  readonly grpcMessage?: string;
  readonly httpStatus?: number;
  /** Sent in place of the five bytes in front of the message. */
  readonly frame?: Uint8Array;
  readonly silent?: boolean;
}

/** The kubelet's PodResources socket, faked: gRPC's framing over HTTP/2 on a Unix socket, and nothing else of a kubelet. */
export class FakePodResources implements AsyncDisposable {
  readonly socket: string;
  readonly calls: { readonly path: unknown; readonly type: unknown; readonly body: string }[] = [];
  answer: FakeAnswer = {};
  readonly #server: Http2Server;
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
    this.socket = join(folder, 'kubelet.sock');
    this.#server = createServer();
    this.#server.on('stream', (stream: ServerHttp2Stream, headers) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('error', () => undefined);
      stream.on('end', () => {
        const body = Buffer.concat(chunks).toString('hex');
        this.calls.push({ path: headers[':path'], type: headers['content-type'], body });
        this.#respond(stream);
      });
    });
  }

  static async start(): Promise<FakePodResources> {
    const fake = new FakePodResources(await mkdtemp(join(tmpdir(), 'flexinfer-kubelet-')));
    await new Promise<void>((resolve) => {
      fake.#server.listen(fake.socket, resolve);
    });
    return fake;
  }

  #respond(stream: ServerHttp2Stream): void {
    const { message, grpcStatus = 0, grpcMessage = '', httpStatus = 200, silent = false } = this.answer;
    if (silent) return;
    const trailers = { 'grpc-status': String(grpcStatus), 'grpc-message': grpcMessage };
    const headers = { ':status': httpStatus, 'content-type': 'application/grpc' };
    if (message === undefined) {
      // gRPC's form of an answer without a message: the trailers are the headers.
      stream.respond({ ...headers, ...trailers }, { endStream: true });
      return;
    }
    stream.respond(headers, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers(trailers));
    const frame = Buffer.alloc(5);
    frame.writeUInt32BE(message.length, 1);
    stream.end(Buffer.concat([this.answer.frame ?? frame, message]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise((resolve) => {
      this.#server.close(resolve);
      // Sessions of clients that are gone would otherwise keep it open.
    });
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** A message of pods by name, each with the device ids of its only container. */
export function listMessage(
  pods: Readonly<Record<string, readonly string[]>>,
  resource = 'nvidia.com/gpu',
): Uint8Array {
  const messages = Object.entries(pods).map(([key, ids]) => {
    const [namespace = '', name = ''] = key.split('/');
    const devices = joined(wireBytes(1, resource), ...ids.map((id) => wireBytes(2, id)));
    const container = joined(wireBytes(1, 'main'), wireBytes(2, devices));
    return wireBytes(1, joined(wireBytes(1, name), wireBytes(2, namespace), wireBytes(3, container)));
  });
  return joined(...messages);
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(parts);
}
