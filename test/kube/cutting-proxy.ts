import type { AddressInfo } from 'node:net';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** Passes TCP connections on to an API server, counts them, and cuts them when told to. */
export class CuttingProxy implements AsyncDisposable {
  readonly #server: Server;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  #accepted = 0;

  private constructor(target: URL) {
    this.#server = createServer((client) => {
      this.#accepted += 1;
      const upstream = connect(Number(target.port), target.hostname);
      const pair = [client, upstream] as const;
      this.#pairs.add(pair);
      const end = () => {
        this.#pairs.delete(pair);
        client.destroy();
        upstream.destroy();
      };
      for (const socket of pair) socket.on('error', end).on('close', end);
      client.pipe(upstream).pipe(client);
    });
  }

  static async to(server: string): Promise<CuttingProxy> {
    const proxy = new CuttingProxy(new URL(server));
    await new Promise<void>((resolve) => {
      proxy.#server.listen(0, '127.0.0.1', resolve);
    });
    return proxy;
  }

  /** Connections since the start. */
  get accepted(): number {
    return this.#accepted;
  }

  get url(): URL {
    const { port } = this.#server.address() as AddressInfo;
    return new URL(`https://127.0.0.1:${port}`);
  }

  /** Resets every connection, as a firewall does that has lost its table. */
  cut(): void {
    for (const [client, upstream] of this.#pairs) {
      client.resetAndDestroy();
      upstream.resetAndDestroy();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
