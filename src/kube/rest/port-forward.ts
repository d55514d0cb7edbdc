import { createServer, type Server, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { WebSocket } from 'undici';
import { builtin } from '../objects/builtin-resources.ts';
import { objectPath } from '../objects/resource.ts';
import type { KubeClient } from './kube-client.ts';
import { KubeError } from './kube-error.ts';

/** Each frame begins with a channel: 0 carries the connection's bytes, 1 a text when it fails. */
const PROTOCOL = 'v4.channel.k8s.io';
const DATA = 0;
const FAILURE = 1;
/** Above this the sender waits, so that an upload does not pile up in memory. */
const SEND_BUFFER = 1 << 20;

interface PodRef {
  readonly namespace: string;
  readonly name: string;
}

/**
 * One TCP connection to a port of a pod, through the API server and the kubelet.
 *
 * The protocol cannot close one direction alone: ending the writing side is not told to the pod.
 *
 * @throws KubeError when the pod does not exist, is not running or may not be reached
 */
export async function openPodPort(client: KubeClient, pod: PodRef, port: number, signal: AbortSignal): Promise<Duplex> {
  const path = `${objectPath(builtin.pods, pod, 'portforward')}?ports=${port}`;
  const { dispatcher, url, headers } = await client.caller.transport.webSocketAccess(path, signal);
  const socket = new WebSocket(url, { protocols: [PROTOCOL], dispatcher, headers });
  socket.binaryType = 'arraybuffer';
  const abort = () => socket.close();
  signal.addEventListener('abort', abort, { once: true });
  const opened = await new Promise<boolean>((resolve) => {
    socket.addEventListener('open', () => resolve(true), { once: true });
    socket.addEventListener('close', () => resolve(false), { once: true });
    // Without a listener an error would be thrown out of nowhere; a close follows it in any case.
    socket.addEventListener('error', () => undefined);
  });
  const forget = () => signal.removeEventListener('abort', abort);
  socket.addEventListener('close', forget, { once: true });
  if (signal.aborted) throw signal.reason;
  if (!opened) throw await refusal(client, path, signal);
  return new PodConnection(socket, `port ${port} of pod ${pod.namespace}/${pod.name}`);
}

/** A WebSocket does not say why it was refused; the same request without one does. */
async function refusal(client: KubeClient, path: string, signal: AbortSignal): Promise<unknown> {
  try {
    await client.getText(path, { signal });
  } catch (error) {
    // 400 only says that a WebSocket was wanted.
    if (!(error instanceof KubeError) || error.code !== 400) return error;
  }
  return new KubeError(`GET ${path}: the WebSocket was refused`, { reason: 'Unreachable' });
}

class PodConnection extends Duplex {
  readonly #socket: WebSocket;
  readonly #what: string;
  /** The first frame of each channel only repeats the port. */
  readonly #begun = new Set<number>();

  constructor(socket: WebSocket, what: string) {
    super();
    this.#socket = socket;
    this.#what = what;
    socket.addEventListener('message', ({ data }) => {
      if (data instanceof ArrayBuffer) this.#receive(Buffer.from(data));
    });
    socket.addEventListener('close', () => {
      this.push(null);
      this.end();
    });
  }

  override _read(): void {
    // Frames come when they come: a WebSocket cannot be told to wait.
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error) => void): void {
    const frame = Buffer.allocUnsafe(chunk.length + 1);
    frame[0] = DATA;
    chunk.copy(frame, 1);
    this.#socket.send(frame);
    this.#whenDrained(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#socket.close();
    done(error);
  }

  #whenDrained(done: () => void): void {
    if (this.destroyed || this.#socket.bufferedAmount < SEND_BUFFER) done();
    else setTimeout(() => this.#whenDrained(done), 5);
  }

  #receive(frame: Buffer): void {
    const channel = frame[0] ?? DATA;
    if (!this.#begun.has(channel)) this.#begun.add(channel);
    else if (channel === DATA) this.push(frame.subarray(1));
    else if (channel === FAILURE) {
      this.destroy(new KubeError(`${this.#what}: ${frame.subarray(1).toString('utf8')}`, { reason: 'Unreachable' }));
    }
  }
}

export interface PortForward extends AsyncDisposable {
  /** The local port. */
  readonly port: number;
}

/**
 * Listens on a port of this machine's loopback address and passes every connection on to a port of a pod.
 *
 * @param options.localPort default: any free one
 * @param options.onError told of every connection that could not be made or broke
 */
export async function forwardPort(
  client: KubeClient,
  pod: PodRef,
  options: {
    readonly podPort: number;
    readonly localPort?: number;
    readonly signal: AbortSignal;
    readonly onError?: (error: unknown) => void;
  },
): Promise<PortForward> {
  const { podPort, signal, onError = () => undefined } = options;
  const locals = new Set<Socket>();
  const server = createServer((local) => {
    locals.add(local);
    local.on('close', () => locals.delete(local)).on('error', onError);
    connectThrough(local).catch((error: unknown) => {
      onError(error);
      local.destroy();
    });
  });
  async function connectThrough(local: Socket): Promise<void> {
    const remote = await openPodPort(client, pod, podPort, signal);
    remote.on('error', onError).on('close', () => local.destroy());
    local.on('close', () => remote.destroy());
    local.pipe(remote).pipe(local);
  }
  const port = await listen(server, options.localPort ?? 0);
  const close = async () => {
    signal.removeEventListener('abort', end);
    for (const local of locals) local.destroy();
    await new Promise((resolve) => server.close(resolve));
  };
  function end(): void {
    close().catch(onError);
  }
  signal.addEventListener('abort', end, { once: true });
  return { port, [Symbol.asyncDispose]: close };
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}
