import type { IncomingMessage, ServerResponse } from 'node:http';
import { type AccessRule, apiKeyRule, browserRule, corsHeaders } from './access.ts';
import { ClientSide } from './client-side.ts';
import type { ExchangeSet } from './exchange-set.ts';
import { type ForwardContext, forward } from './forward.ts';
import type { ExtraRoute, GateLimits, GateOptions } from './options.ts';
import { type OwnRoutes, serveHealth, serveModelList } from './own-routes.ts';
import { plainPath } from './paths.ts';
import { bodyRefusal, CLOSING, invalid, methodNotAllowed } from './refusals.ts';
import { refuse } from './reply.ts';
import { BodyBudget, readBody } from './request-body.ts';
import { route } from './routing.ts';
import type { ServedModel } from './served-model.ts';

export interface HandlerParts {
  readonly options: GateOptions;
  readonly limits: GateLimits;
  readonly models: ReadonlyMap<string, ServedModel>;
  readonly exchanges: ExchangeSet;
  /** Whether other web pages must be kept out. */
  readonly guarded: boolean;
  readonly onEngineGone: ForwardContext['onEngineGone'];
}

/** Takes every request from its first look to its last byte. */
export class GateHandler {
  readonly #parts: HandlerParts;
  readonly #budget: BodyBudget;
  readonly #checkKey: AccessRule;
  readonly #checkBrowser: AccessRule;
  readonly #own: OwnRoutes;
  readonly #context: ForwardContext;

  constructor(parts: HandlerParts) {
    const { options, limits, models, exchanges } = parts;
    this.#parts = parts;
    this.#budget = new BodyBudget(limits.bufferedBytes);
    this.#checkKey = apiKeyRule(options.apiKey);
    this.#checkBrowser = browserRule(options.host, parts.guarded, options.allowedOrigins ?? []);
    this.#own = {
      models,
      metrics: options.metrics,
      draining: () => exchanges.draining,
      createdSeconds: Math.floor(options.clock.wallMs() / 1000),
    };
    const { clock } = options;
    this.#context = { clock, limits, withKey: options.apiKey !== undefined, onEngineGone: parts.onEngineGone };
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { limits, options, exchanges } = this.#parts;
    const method = request.method ?? '';
    if (exchanges.draining) response.setHeader('connection', 'close');
    if (request.rawHeaders.length / 2 > limits.headerCount) {
      refuse(request, response, invalid(431, 'too_many_headers', `more than ${limits.headerCount} header fields`));
      return;
    }
    const path = plainPath(request.url ?? '');
    if (path === undefined) {
      refuse(request, response, invalid(400, 'bad_path', 'the path is not in its plain form'));
      return;
    }
    const cors = corsHeaders(request, options.allowedOrigins ?? []);
    for (const [name, value] of Object.entries(cors ?? {})) response.setHeader(name, value);
    if (method === 'OPTIONS' && cors !== undefined) {
      response.writeHead(204, {
        'access-control-allow-methods': 'GET, POST',
        'access-control-allow-headers': 'authorization, content-type, x-api-key',
        'access-control-max-age': '600',
      });
      response.end();
      return;
    }
    const reads = method === 'GET' || method === 'HEAD';
    const stranger = this.#checkBrowser(request);
    if (stranger !== undefined) {
      refuse(request, response, stranger);
      return;
    }
    if (reads && (await serveHealth(this.#own, path, response))) return;
    const extra = this.#parts.options.extraRoutes?.find((each) => matches(each, path));
    const keyless = extra?.open === true ? undefined : this.#checkKey(request);
    if (keyless !== undefined) {
      refuse(request, response, keyless);
      return;
    }
    if (extra !== undefined) {
      continueIfAsked(request, response);
      await extra.handle(request, response);
      return;
    }
    if (reads && serveModelList(this.#own, path, request, response)) return;
    if (!reads && method !== 'POST') {
      refuse(request, response, methodNotAllowed(method));
      return;
    }
    if (exchanges.draining) {
      refuse(request, response, CLOSING);
      return;
    }
    const client = new ClientSide(request, response, limits.clientStallMs);
    await exchanges.track(client, () => this.#exchange(client, path));
  }

  async #exchange(client: ClientSide, path: string): Promise<void> {
    const { limits, models } = this.#parts;
    const announced = Number(client.request.headers['content-length'] ?? 0);
    if (announced <= limits.bodyBytes) continueIfAsked(client.request, client.response);
    const body = await readBody(client.request, limits.bodyBytes, this.#budget);
    if (typeof body === 'string') {
      client.refuse(bodyRefusal(body, limits));
      return;
    }
    let held = body.length;
    const bodySent = () => {
      this.#budget.give(held);
      held = 0;
    };
    const chosen = route(client.request, path, body, models);
    if ('status' in chosen) {
      bodySent();
      client.refuse(chosen);
      return;
    }
    await forward({ client, route: chosen, bodySent }, this.#context);
  }
}

/** A client that sends `Expect: 100-continue` waits for this word before its body. */
function continueIfAsked(request: IncomingMessage, response: ServerResponse): void {
  if (/^100-continue$/i.test(request.headers.expect ?? '')) response.writeContinue();
}

function matches(extra: ExtraRoute, path: string): boolean {
  return extra.path.endsWith('/*') ? path.startsWith(extra.path.slice(0, -1)) : path === extra.path;
}
