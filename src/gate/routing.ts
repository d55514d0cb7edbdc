import type { IncomingMessage } from 'node:http';
import { overloaded } from './forward.ts';
import type { GateLimits } from './options.ts';
import { unknownModel } from './own-routes.ts';
import { namesModel, type PathUse, pathUse } from './paths.ts';
import type { Refusal } from './reply.ts';
import type { BodyProblem } from './request-body.ts';
import { changeBody, type RequestFields, readRequestFields } from './request-model.ts';
import type { ServedModel } from './served-model.ts';

/** Where a request goes and what the engine gets. */
export interface Route {
  readonly model: ServedModel;
  readonly use: PathUse;
  readonly body: Buffer;
  readonly askedForUsage: boolean;
}

/**
 * Engines that send the usage of a stream as one extra message at its end when asked to, and change nothing else: what the
 * gate adds for its own count can be taken out again without a trace.
 */
const USAGE_BY_REQUEST = new Set(['ollama', 'vllm']);
const STREAMS_WITH_USAGE = new Set(['/v1/chat/completions', '/v1/completions']);

/** Chooses the model by the request's own words and changes the body accordingly. */
export function route(
  request: IncomingMessage,
  path: string,
  body: Buffer,
  models: ReadonlyMap<string, ServedModel>,
): Route | Refusal {
  const fields = jsonFields(request, body);
  if (fields !== undefined && 'status' in fields) return fields;
  const model = chosen(fields?.model, models);
  if (model === undefined) {
    return fields?.model === undefined ? noModelNamed(path, models) : unknownModel(fields.model, models);
  }
  const method = request.method ?? 'GET';
  const use = pathUse(path, method, model.config.backend);
  if (use === undefined) return noSuchPath(method, path, model.config.backend);
  if (!model.ready) return notReady(model.config.name);
  if (fields === undefined) return { model, use, body, askedForUsage: false };

  const { engineModel, name, backend } = model.config;
  const insert: [string, string][] = [];
  if (fields.model === undefined && namesModel(path)) insert.push(['model', JSON.stringify(engineModel)]);
  const askedForUsage =
    fields.stream && !fields.hasStreamOptions && STREAMS_WITH_USAGE.has(path) && USAGE_BY_REQUEST.has(backend);
  if (askedForUsage) insert.push(['stream_options', '{"include_usage":true}']);
  const changes = engineModel === name || fields.model === undefined ? { insert } : { model: engineModel, insert };
  return { model, use, body: changeBody(body, fields, changes), askedForUsage };
}

function chosen(name: string | undefined, models: ReadonlyMap<string, ServedModel>): ServedModel | undefined {
  if (name !== undefined) return models.get(name);
  const [only] = models.values();
  return models.size === 1 ? only : undefined;
}

/** `undefined` for a request without a JSON body, such as a form with a sound file. */
function jsonFields(request: IncomingMessage, body: Buffer): RequestFields | Refusal | undefined {
  if (request.method !== 'POST') return undefined;
  const type = (request.headers['content-type'] ?? 'application/json').split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (type.startsWith('multipart/')) return undefined;
  const encoding = request.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') {
    return invalid(415, 'unsupported_encoding', `a body in ${JSON.stringify(encoding)} cannot be read; send it plain`);
  }
  return readRequestFields(body);
}

function noModelNamed(path: string, models: ReadonlyMap<string, ServedModel>): Refusal {
  const names = [...models.keys()].join(', ');
  return {
    ...invalid(404, 'model_not_found', `several models are served here, so ${path} must name one of ${names}`),
    param: 'model',
  };
}

function noSuchPath(method: string, path: string, backend: string): Refusal {
  return invalid(404, 'path_not_found', `${method} ${path} is no path that the gate passes to ${backend}`);
}

function notReady(model: string): Refusal {
  return { ...overloaded(503, `${model} is not ready yet`), code: 'model_not_ready' };
}

export function bodyRefusal(problem: BodyProblem, limits: GateLimits): Refusal {
  if (problem === 'broken') return invalid(400, 'broken_request', 'the request broke off');
  return problem === 'too-large'
    ? invalid(413, 'body_too_large', `the body is larger than ${limits.bodyBytes} bytes`)
    : overloaded(503, 'too many bytes of requests wait here');
}

export function invalid(status: number, code: string, message: string): Refusal {
  return { status, type: 'invalid_request_error', code, message };
}
