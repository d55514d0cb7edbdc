import { createServer } from 'node:net';

/** Below the range the kernel picks client ports from, so that a stopped server's port is still free when it returns. */
const FIRST_PORT = 21_000;
const PORTS_PER_CLUSTER = 20;

/** Gives out the TCP ports of one cluster, skipping those something else listens on. */
export class PortRange {
  #next: number;
  readonly #end: number;

  constructor(index: number) {
    this.#next = FIRST_PORT + index * PORTS_PER_CLUSTER;
    this.#end = this.#next + PORTS_PER_CLUSTER;
  }

  async take(): Promise<number> {
    while (this.#next < this.#end) {
      const port = this.#next;
      this.#next += 1;
      if (await isFree(port)) return port;
    }
    throw new Error(`no free TCP port below ${this.#end}`);
  }
}

async function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, () => server.close(() => resolve(true)));
  });
}
