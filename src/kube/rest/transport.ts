import { type Dispatcher, Pool, ProxyAgent } from 'undici';
import type { ClusterConnection, Credentials } from '../config/cluster-connection.ts';
import { connectionFailure } from './connection-failure.ts';
import { KubeError } from './kube-error.ts';

/** One request as HTTP sees it. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path and query, below the server's own path. */
  readonly path: string;
  readonly body?: string | undefined;
  readonly contentType?: string | undefined;
  readonly accept?: string | undefined;
}

/** An answer whose body has not been read; the reader must read or destroy it. */
export interface HttpAnswer {
  readonly code: number;
  readonly retryAfter: string | undefined;
  readonly body: Dispatcher.ResponseData['body'];
  /** Who the client was, to tell the credential source about a 401. */
  readonly credentials: Credentials;
}

interface TlsMaterial {
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
}

/** Below the 90 s after which the API server closes an idle connection, so that a request never meets the close. */
const IDLE_CONNECTION_MS = 60_000;
const TCP_KEEP_ALIVE_MS = 30_000;
const CONNECT_TIMEOUT_MS = 10_000;

/**
 * The one connection pool to an API server. Everything that talks to that cluster shares it. When the authority or
 * the client's certificate changes on disk, new requests get a new pool and the old one is closed as its last request
 * ends.
 *
 * HTTP/1.1 on purpose: a stalled HTTP/2 session takes all watches with it.
 */
export class Transport {
  readonly connection: ClusterConnection;
  readonly #basePath: string;
  #material: TlsMaterial | undefined;
  #dispatcher: Dispatcher | undefined;
  readonly #retired = new Set<Dispatcher>();
  #closed = false;

  constructor(connection: ClusterConnection) {
    this.connection = connection;
    this.#basePath = connection.server.pathname.replace(/\/+$/, '');
  }

  /**
   * Sends one request and resolves with the answer's head, whatever its status.
   *
   * @throws KubeError `Unreachable`, `TlsFailed` or `ClientClosed`; KubeConfigError without credentials; the signal's reason
   */
  async send(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
    const { dispatcher, credentials } = await this.#ready(signal);
    const headers: Record<string, string> = {
      accept: request.accept ?? 'application/json',
      'user-agent': 'flexinfer-kube',
    };
    if (credentials.token !== undefined) headers.authorization = `Bearer ${credentials.token}`;
    if (request.contentType !== undefined) headers['content-type'] = request.contentType;
    try {
      const answer = await dispatcher.request({
        origin: this.connection.server.origin,
        method: request.method,
        path: this.#basePath + request.path,
        headers,
        body: request.body ?? null,
        signal,
        // The callers' own deadlines are exact and cover the whole answer.
        headersTimeout: 0,
        bodyTimeout: 0,
      });
      const { 'retry-after': retryAfter } = answer.headers;
      return {
        code: answer.statusCode,
        retryAfter: typeof retryAfter === 'string' ? retryAfter : undefined,
        body: answer.body,
        credentials,
      };
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw connectionFailure(error, `${request.method} ${request.path}`, this.connection.source);
    }
  }

  /** What a WebSocket needs to go the same way: the pool, the full URL and the headers that say who we are. */
  async webSocketAccess(path: string, signal: AbortSignal) {
    const { dispatcher, credentials } = await this.#ready(signal);
    const url = new URL(this.#basePath + path, this.connection.server);
    url.protocol = url.protocol.replace('http', 'ws');
    const headers: Record<string, string> =
      credentials.token === undefined ? {} : { authorization: `Bearer ${credentials.token}` };
    return { dispatcher, url, headers };
  }

  /** Breaks what is still running and closes all connections. */
  async close(): Promise<void> {
    this.#closed = true;
    const all = [...this.#retired, ...(this.#dispatcher === undefined ? [] : [this.#dispatcher])];
    this.#dispatcher = undefined;
    await Promise.all(all.map((each) => each.destroy()));
  }

  async #ready(signal: AbortSignal): Promise<{ dispatcher: Dispatcher; credentials: Credentials }> {
    signal.throwIfAborted();
    const credentials = await this.connection.credentials.current(signal);
    const ca = await this.connection.certificateAuthority();
    if (this.#closed) throw new KubeError('the client is closed', { reason: 'ClientClosed' });
    const material = { ca, cert: credentials.clientCertificate?.cert, key: credentials.clientCertificate?.key };
    if (this.#dispatcher === undefined || !sameMaterial(this.#material, material)) {
      if (this.#dispatcher !== undefined) this.#retire(this.#dispatcher);
      this.#dispatcher = openPool(this.connection, material);
      this.#material = material;
    }
    return { dispatcher: this.#dispatcher, credentials };
  }

  #retire(dispatcher: Dispatcher): void {
    this.#retired.add(dispatcher);
    const forget = () => this.#retired.delete(dispatcher);
    dispatcher.close().then(forget, forget);
  }
}

function sameMaterial(a: TlsMaterial | undefined, b: TlsMaterial): boolean {
  return a !== undefined && a.ca === b.ca && a.cert === b.cert && a.key === b.key;
}

function openPool(connection: ClusterConnection, material: TlsMaterial): Dispatcher {
  const tls = {
    ...defined(material),
    ...(connection.tlsServerName === undefined ? {} : { servername: connection.tlsServerName }),
    rejectUnauthorized: connection.insecureSkipTlsVerify !== true,
    keepAlive: true,
    keepAliveInitialDelay: TCP_KEEP_ALIVE_MS,
    timeout: CONNECT_TIMEOUT_MS,
  };
  const shared = { allowH2: false, keepAliveTimeout: IDLE_CONNECTION_MS, pipelining: 1 };
  if (connection.proxyUrl === undefined) return new Pool(connection.server.origin, { ...shared, connect: tls });
  return new ProxyAgent({
    ...shared,
    uri: connection.proxyUrl.href,
    requestTls: tls,
    connectTimeout: CONNECT_TIMEOUT_MS,
  });
}

function defined(material: TlsMaterial): { ca?: string; cert?: string; key?: string } {
  const { ca, cert, key } = material;
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
}
