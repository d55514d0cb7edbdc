import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { FlexInferError } from '../api/errors.ts';

export interface HealthServer {
  readonly port: number;
  /** Stops accepting, lets answers under way finish, then cuts what is left after the grace period. */
  close(graceMs?: number): Promise<void>;
}

export interface HealthOptions {
  readonly port: number;
  readonly host?: string;
  /** Whether the program does its work at all; false makes Kubernetes restart it. */
  readonly healthy: () => boolean;
  /** Whether the program may be asked; false takes it out of its Service. */
  readonly ready: () => boolean;
  /** More paths, for instance `/metrics`. */
  readonly routes?: Readonly<Record<string, (request: IncomingMessage, response: ServerResponse) => void>>;
}

/**
 * Serves `/healthz` and `/readyz`, and whatever else a part adds, with bounded headers and times.
 *
 * @throws FlexInferError PORT_IN_USE
 */
export async function startHealthServer(options: HealthOptions): Promise<HealthServer> {
  const server = createServer(
    { maxHeaderSize: 16_384, requestTimeout: 10_000, headersTimeout: 5000 },
    (request, response) => {
      answer(options, request, response);
    },
  );
  server.maxHeadersCount = 100;
  server.keepAliveTimeout = 95_000;
  await listen(server, options.port, options.host ?? '0.0.0.0');
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : options.port,
    close: (graceMs = 1000) => close(server, graceMs),
  };
}

function answer(options: HealthOptions, request: IncomingMessage, response: ServerResponse): void {
  const path = (request.url ?? '/').split('?')[0] ?? '/';
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    respond(response.setHeader('allow', 'GET, HEAD'), 405, 'only GET is answered here');
    return;
  }
  if (path === '/healthz' || path === '/readyz') {
    const good = path === '/healthz' ? options.healthy() : options.ready();
    respond(response, good ? 200 : 503, good ? 'ok' : path === '/healthz' ? 'unhealthy' : 'not ready');
    return;
  }
  const route = options.routes !== undefined && Object.hasOwn(options.routes, path) ? options.routes[path] : undefined;
  if (route === undefined) respond(response, 404, `no such path: try /healthz or /readyz`);
  else route(request, response);
}

function respond(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(`${text}\n`);
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const taken = error.code === 'EADDRINUSE';
      reject(
        taken
          ? new FlexInferError('PORT_IN_USE', `port ${port} is taken by another program`, {
              todo: 'choose another',
              cause: error,
            })
          : error,
      );
    });
    server.listen(port, host, resolve);
  });
}

function close(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => {
      server.closeAllConnections();
    }, graceMs);
    server.close(() => {
      clearTimeout(cut);
      resolve();
    });
    server.closeIdleConnections();
  });
}
