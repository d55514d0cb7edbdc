import { Agent, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import { messageOf } from '../api/errors.ts';

/** Why there is no answer, or no whole one. */
export class EngineProblem extends Error {
  override readonly name = 'EngineProblem';
  readonly kind: 'unreachable' | 'timeout' | 'broken';

  constructor(kind: EngineProblem['kind'], cause?: unknown) {
    super(cause === undefined ? kind : `${kind}: ${messageOf(cause)}`, { cause });
    this.kind = kind;
  }
}

export interface EngineRequest {
  readonly path: string;
  readonly method: 'GET' | 'HEAD' | 'POST';
  readonly headers: Readonly<Record<string, string | string[]>>;
  /** Sent with a `Content-Length`; absent for GET and HEAD. */
  readonly body?: Buffer | string;
  readonly signal: AbortSignal;
}

export interface EngineAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Reading it to the end is the caller's duty, or destroying it. */
  readonly body: IncomingMessage;
}

const CONNECT_MS = 5_000;

/**
 * The way to one engine. Every request has a connection of its own: an engine that closed an idle one cannot lose a prompt
 * (llama-server does), and no answer can be taken for that of another request. On loopback that costs a tenth of a
 * millisecond a request. Node's client rather than undici: the parser is in the process already, which saves 15 MiB.
 */
export class EngineConnection {
  readonly #host: string;
  readonly #port: number;
  readonly #silenceMs: number;
  readonly #agent = new Agent({ keepAlive: false });

  /**
   * @param origin `http://host:port`
   * @param silenceMs how long the engine may send nothing
   */
  constructor(origin: string, silenceMs: number) {
    const { hostname, port } = new URL(origin);
    this.#host = hostname.replace(/^\[|\]$/g, '');
    this.#port = port === '' ? 80 : Number(port);
    this.#silenceMs = silenceMs;
  }

  /** Resolves with the head of the answer. Rejects with an {@link EngineProblem}, or for an aborted signal with its error. */
  request({ path, method, headers, body, signal }: EngineRequest): Promise<EngineAnswer> {
    return new Promise((resolve, reject) => {
      const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
      const asked = request({
        host: this.#host,
        port: this.#port,
        agent: this.#agent,
        method,
        path,
        headers: { ...headers, ...length },
        signal,
        timeout: this.#silenceMs,
      });
      let answer: IncomingMessage | undefined;
      let connected = false;
      const connecting = setTimeout(() => asked.destroy(new EngineProblem('unreachable')), CONNECT_MS);
      asked.once('socket', (socket) => {
        socket.once('connect', () => {
          connected = true;
          clearTimeout(connecting);
        });
      });
      asked.once('timeout', () => (answer ?? asked).destroy(new EngineProblem('timeout')));
      asked.on('error', (error) => {
        clearTimeout(connecting);
        const known = signal.aborted || error instanceof EngineProblem;
        reject(known ? error : new EngineProblem(connected ? 'broken' : 'unreachable', error));
      });
      asked.once('response', (response) => {
        answer = response;
        resolve({ status: response.statusCode ?? 502, headers: response.headers, body: response });
      });
      asked.end(body);
    });
  }

  /** Cuts what is still open. */
  close(): void {
    this.#agent.destroy();
  }
}
