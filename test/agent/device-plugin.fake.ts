import { rmSync } from 'node:fs';
import { connect, createServer, type Http2Server, type ServerHttp2Stream } from 'node:http2';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { wireBytes } from '../../src/agent/pod-resources/wire.ts';

const NAME = 'fake.sock';

/**
 * A device plugin for devices that do not exist, registered with a real kubelet: as much of the v1beta1 protocol as the
 * kubelet needs to offer the devices, hand them out and tell who has them.
 */
export class FakeDevicePlugin implements AsyncDisposable {
  readonly #server: Http2Server;
  readonly #socket: string;

  private constructor(server: Http2Server, socket: string) {
    this.#server = server;
    this.#socket = socket;
  }

  /** @param folder the kubelet's folder of device plugins, as this process sees it */
  static async register(folder: string, resource: string, ids: readonly string[]): Promise<FakeDevicePlugin> {
    const socket = join(folder, NAME);
    rmSync(socket, { force: true });
    const server = createServer();
    server.on('stream', (stream: ServerHttp2Stream, headers) => {
      stream.on('error', () => undefined);
      stream.resume();
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      switch (String(headers[':path']).split('/').at(-1)) {
        case 'ListAndWatch':
          // Stays open: the end of the list would mean that the plugin is gone.
          stream.write(framed(Buffer.concat(ids.map((id) => wireBytes(1, device(id))))));
          break;
        case 'Allocate':
          stream.end(framed(wireBytes(1, new Uint8Array())));
          break;
        default:
          stream.end(framed(new Uint8Array()));
      }
    });
    await new Promise<void>((resolve) => {
      server.listen(socket, resolve);
    });
    const plugin = new FakeDevicePlugin(server, socket);
    const request = [wireBytes(1, 'v1beta1'), wireBytes(2, NAME), wireBytes(3, resource)];
    await call(join(folder, 'kubelet.sock'), '/v1beta1.Registration/Register', Buffer.concat(request));
    return plugin;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    rmSync(this.#socket, { force: true });
  }
}

function device(id: string): Uint8Array {
  return Buffer.concat([wireBytes(1, id), wireBytes(2, 'Healthy')]);
}

function framed(message: Uint8Array): Uint8Array {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

function call(socket: string, path: string, message: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    const session = connect('http://localhost', { createConnection: () => createConnection(socket) });
    session.on('error', reject);
    const headers = { ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers' };
    const stream = session.request(headers);
    let status: unknown;
    stream.on('response', (answer) => {
      status = answer['grpc-status'];
    });
    stream.on('trailers', (trailers) => {
      status = trailers['grpc-status'];
    });
    stream.resume();
    stream.on('error', reject);
    stream.on('close', () => {
      session.close();
      if (status === '0') resolve();
      else reject(new Error(`the kubelet refused the device plugin: gRPC status ${JSON.stringify(status)}`));
    });
    stream.end(framed(message));
  });
}
