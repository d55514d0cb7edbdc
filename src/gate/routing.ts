import type { IncomingMessage } from 'node:http';
import { namesModel, type PathUse, pathUse } from './paths.ts';
import { invalid, noModelNamed, noSuchPath, notReady, unknownModel } from './refusals.ts';
import type { Refusal } from './reply.ts';
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
 * Streams that carry their usage as one extra message at the end when asked to, and are otherwise the same: what the gate
 * adds for its own count it can take out again without a trace. llama.cpp tells without being asked; Ollama's
 * `/v1/completions` would put a usage into every piece. As their sources have it.
 */
const USAGE_ON_REQUEST: Readonly<Record<string, readonly string[]>> = {
  embedded: ['/v1/chat/completions', '/v1/completions'],
  ollama: ['/v1/chat/completions'],
  vllm: ['/v1/chat/completions', '/v1/completions'],
};

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
    const names = [...models.keys()];
    return fields?.model === undefined ? noModelNamed(path, names) : unknownModel(fields.model, names);
  }
  const method = request.method ?? 'GET';
  const use = pathUse(path, method, model.config.backend);
  if (use === undefined) return noSuchPath(method, path, model.config.backend);
  if (!model.ready) return notReady(model.config.name);
  if (fields === undefined) return { model, use, body, askedForUsage: false };

  const { engineModel, name, backend } = model.config;
  const insert: [string, string][] = [];
  if (fields.model === undefined && namesModel(path)) insert.push(['model', JSON.stringify(engineModel)]);
  const askedForUsage = fields.stream && !fields.hasStreamOptions && USAGE_ON_REQUEST[backend]?.includes(path) === true;
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
