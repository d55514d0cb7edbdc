import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { messageOf } from '../../../api/errors.ts';
import { completion, tokenize } from './completion-route.ts';
import { clientGone, readBody, sendEvent, sendJson, sendText } from './http-exchange.ts';
import type { ModelHost } from './model-host.ts';
import { chatCompletions, completions, models } from './openai-routes.ts';
import { errorBody, RequestError } from './request-error.ts';

export interface EngineServer {
  /** Until this is called every route but `/health` says that the model is loading, and `/health` says so too. */
  ready(host: ModelHost): void;
  /** Stops listening, ends what is being generated and closes every connection. */
  stop(): Promise<void>;
}

/** The HTTP surface of the embedded engine on 127.0.0.1. Settles when it listens; rejects when the port is taken. */
export async function startServer(port: number, alias: string): Promise<EngineServer> {
  const created = Math.floor(Date.now() / 1000);
  const stopping = new AbortController();
  let host: ModelHost | undefined;

  const server = createServer({ keepAliveTimeout: 120_000, requestTimeout: 0 }, (request, response) => {
    const signal = AbortSignal.any([clientGone(response), stopping.signal]);
    void handle(host, alias, created, request, response, signal);
  });
  await listening(server, port);

  return {
    ready(loaded) {
      host = loaded;
    },
    stop() {
      stopping.abort(new RequestError(503, 'stopping', 'the engine is being stopped'));
      return new Promise((resolve) => {
        server.close(() => resolve());
        setImmediate(() => server.closeAllConnections());
      });
    },
  };
}

async function handle(
  host: ModelHost | undefined,
  alias: string,
  created: number,
  request: IncomingMessage,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  try {
    if (host === undefined) {
      throw new RequestError(503, 'loading', 'Loading model');
    }
    await route(host, alias, created, request, response, signal);
  } catch (error) {
    fail(response, error);
  }
}

async function route(
  host: ModelHost,
  alias: string,
  created: number,
  request: IncomingMessage,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  const path = new URL(request.url ?? '/', 'http://localhost').pathname;
  switch (`${request.method} ${path}`) {
    case 'GET /health':
      return sendJson(response, 200, { status: 'ok' });
    case 'GET /metrics':
      return sendText(response, 'text/plain; version=0.0.4; charset=utf-8', metrics(host));
    case 'GET /v1/models':
      return models(host, alias, created, response);
    case 'POST /tokenize':
      return tokenize(host, await readBody(request), response);
    case 'POST /completion':
      return completion(host, alias, await readBody(request), response, signal);
    case 'POST /v1/completions':
      return completions({ host, alias, body: await readBody(request), response, signal });
    case 'POST /v1/chat/completions':
      return chatCompletions({ host, alias, body: await readBody(request), response, signal });
    default:
      throw new RequestError(404, 'not_found', `there is nothing at ${request.method} ${path}`);
  }
}

function fail(response: ServerResponse, thrown: unknown): void {
  if (response.destroyed) {
    return;
  }
  const error = thrown instanceof RequestError ? thrown : new RequestError(500, 'engine_error', messageOf(thrown));
  // The connection of a body that was not read to its end cannot carry another request.
  if (!response.headersSent && !response.req.complete) {
    response.setHeader('connection', 'close');
  }
  if (response.headersSent) {
    sendEvent(response, errorBody(error));
    response.end();
  } else {
    sendJson(response, error.status, errorBody(error));
  }
}

/** Counters in Prometheus' text format. They move with every token. */
function metrics(host: ModelHost): string {
  const { promptTokens, generatedTokens, processing, waiting } = host.counters;
  return [
    ['prompt_tokens_total', 'counter', 'Prompt tokens evaluated, without those taken from the cache', promptTokens],
    ['tokens_predicted_total', 'counter', 'Tokens generated', generatedTokens],
    ['requests_processing', 'gauge', 'Requests that are being evaluated', processing],
    ['requests_deferred', 'gauge', 'Requests that wait for a free sequence', waiting],
  ]
    .map(([name, type, help, value]) =>
      [`# HELP embedded:${name} ${help}`, `# TYPE embedded:${name} ${type}`, `embedded:${name} ${value}`, ''].join(
        '\n',
      ),
    )
    .join('');
}

function listening(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: '127.0.0.1', port }, () => resolve());
  });
}
