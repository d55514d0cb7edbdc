import type { IncomingMessage, ServerResponse } from 'node:http';
import type { MetricsRegistry } from '../metrics/registry.ts';
import { unknownModel } from './refusals.ts';
import { refuse, sendJson } from './reply.ts';
import type { ServedModel } from './served-model.ts';

/** What the gate answers by itself. */
export interface OwnRoutes {
  readonly models: ReadonlyMap<string, ServedModel>;
  readonly metrics: MetricsRegistry;
  readonly draining: () => boolean;
  /** Seconds since 1970, as OpenAI's model list has it. */
  readonly createdSeconds: number;
}

/** Health and metrics, which are asked without a key. Returns whether the path was one of them. */
export async function serveHealth(own: OwnRoutes, path: string, response: ServerResponse): Promise<boolean> {
  switch (path) {
    case '/healthz':
      sendJson(response, 200, '{"status":"ok"}');
      return true;
    case '/readyz': {
      const state = readiness(own);
      sendJson(response, state.ready ? 200 : 503, JSON.stringify(state));
      return true;
    }
    case '/metrics': {
      const text = await own.metrics.text();
      response.writeHead(200, { 'content-type': own.metrics.contentType, 'content-length': Buffer.byteLength(text) });
      response.end(text);
      return true;
    }
    default:
      return false;
  }
}

/** `/v1/models` and `/v1/models/NAME`. Returns whether the path was one of them. */
export function serveModelList(
  own: OwnRoutes,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): boolean {
  const entry = (id: string) => ({ id, object: 'model', created: own.createdSeconds, owned_by: 'flexinfer' });
  if (path === '/v1/models') {
    const data = [...own.models.keys()].map(entry);
    sendJson(response, 200, JSON.stringify({ object: 'list', data }));
    return true;
  }
  if (!path.startsWith('/v1/models/')) return false;
  const name = path.slice('/v1/models/'.length);
  if (own.models.has(name)) sendJson(response, 200, JSON.stringify(entry(name)));
  else refuse(request, response, unknownModel(name, [...own.models.keys()]));
  return true;
}

/** The answer of `/readyz`; a model's `tokenSource` and `tokensPerSecond` are absent while unknown. */
function readiness(own: OwnRoutes) {
  const models = [...own.models.values()].map((model) => ({
    name: model.config.name,
    ready: model.ready,
    tokenSource: model.tokenSource,
    tokensPerSecond: model.liveRate(),
  }));
  const draining = own.draining();
  return { ready: !draining && models.every((model) => model.ready), draining, models };
}
