import { connect, type Socket } from 'node:net';

/** Speaks HTTP/1.1 byte by byte, for requests that a well-behaved client would never send. */
export class RawClient {
  readonly #socket: Socket;
  #received = '';
  #closed = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => {
      this.#received += text;
    });
    socket.on('close', () => {
      this.#closed = true;
    });
    // A reset is a way to end; `close` follows.
    socket.on('error', () => undefined);
  }

  static async to(url: string): Promise<RawClient> {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    const client = new RawClient(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return client;
  }

  /** Everything received so far, one character a byte. */
  get received(): string {
    return this.#received;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Lines are joined with CRLF. */
  send(...lines: readonly string[]): void {
    this.#socket.write(lines.join('\r\n'), 'latin1');
  }

  /** Stops reading, as a client does that hangs. */
  pause(): void {
    this.#socket.pause();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
