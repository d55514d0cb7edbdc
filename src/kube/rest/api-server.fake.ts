import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type ClusterConnection, fixedCredentials } from '../config/cluster-connection.ts';

/** A request as the fake has received it. */
export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** What the fake does with one request. */
export type Behaviour = (request: ReceivedRequest, response: ServerResponse) => void | Promise<void>;

/**
 * A server that answers each request with the next of a list of behaviours. It is a fake: it knows nothing of
 * Kubernetes and exists for faults that the real API server cannot be made to produce. A request beyond the list is
 * answered with 418 and remembered in `unexpected`, which tests assert to be empty.
 */
export class FakeApiServer implements AsyncDisposable {
  readonly received: ReceivedRequest[] = [];
  readonly unexpected: ReceivedRequest[] = [];
  readonly #server: Server;
  readonly #behaviours: Behaviour[] = [];

  private constructor() {
    this.#server = createServer((request, response) => {
      this.#handle(request, response).catch((error: unknown) =>
        response.destroy(error instanceof Error ? error : undefined),
      );
    });
  }

  static async start(): Promise<FakeApiServer> {
    const fake = new FakeApiServer();
    await new Promise<void>((resolve) => {
      fake.#server.listen(0, '127.0.0.1', resolve);
    });
    return fake;
  }

  get connection(): ClusterConnection {
    const { port } = this.#server.address() as AddressInfo;
    return {
      source: 'a fake API server',
      server: new URL(`http://127.0.0.1:${port}`),
      namespace: 'default',
      certificateAuthority: async () => undefined,
      credentials: fixedCredentials({ token: 'secret' }),
    };
  }

  /** Adds behaviours to the list. */
  next(...behaviours: readonly Behaviour[]): void {
    this.#behaviours.push(...behaviours);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const url = new URL(request.url ?? '/', 'http://fake');
    const received = {
      method: request.method ?? '',
      path: url.pathname,
      query: url.searchParams,
      headers: request.headers,
      body: Buffer.concat(chunks).toString('utf8'),
    };
    this.received.push(received);
    const behaviour = this.#behaviours.shift();
    if (behaviour === undefined) {
      this.unexpected.push(received);
      response.writeHead(418).end();
    } else await behaviour(received, response);
  }
}

/** Answers with JSON. */
export function answer(code: number, body: unknown, headers: Record<string, string> = {}): Behaviour {
  return (_, response) => {
    response.writeHead(code, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  };
}

/** Answers with bytes as they are, and no body at all for `undefined`. */
export function rawAnswer(code: number, body: string | undefined, headers: Record<string, string> = {}): Behaviour {
  return (_, response) => {
    response.writeHead(code, headers).end(body);
  };
}

/** Answers as the API server does when it refuses something. */
export function status(code: number, reason: string, more: object = {}): Behaviour {
  return answer(code, {
    kind: 'Status',
    apiVersion: 'v1',
    status: 'Failure',
    message: `${reason}!`,
    reason,
    code,
    ...more,
  });
}

/** Breaks the connection without an answer. */
export const hangUp: Behaviour = (_, response) => {
  response.destroy();
};

/** Never answers. */
export const stayMute: Behaviour = () => undefined;
