import type { Clock } from '../api/clock.ts';
import type { ClientSide } from './client-side.ts';
import type { EngineAnswer, EngineRequest } from './engine-connection.ts';
import type { Outcome } from './gate-metrics.ts';
import { engineHeaders } from './headers.ts';
import type { GateLimits } from './options.ts';
import { CLOSING, engineFailed, noPlace } from './refusals.ts';
import { relay } from './relay.ts';
import { replyTransform } from './reply-transform.ts';
import type { Route } from './routing.ts';
import type { ServedModel } from './served-model.ts';
import { AnswerCount } from './token-count.ts';

/** A request that knows its model and is ready to be sent. */
export interface Exchange {
  readonly client: ClientSide;
  readonly route: Route;
  /** Called as soon as the body is no longer needed; more than once. */
  readonly bodySent: () => void;
}

export interface ForwardContext {
  readonly clock: Clock;
  readonly limits: GateLimits;
  /** The gate asks for a key, which is then none of the engine's business. */
  readonly withKey: boolean;
  /** Told when an engine does not answer at all, or broke in the middle. */
  readonly onEngineGone: (model: ServedModel, why: string) => void;
}

/** Waits for a place, asks the engine, passes its answer on. Never rejects: whatever happens, the client is told. */
export async function forward(exchange: Exchange, context: ForwardContext): Promise<void> {
  const { client, route, bodySent } = exchange;
  const { model } = route;
  if (route.use === 'ask') {
    await ask(exchange, context).finally(bodySent);
    return;
  }
  const place = await model.admission.enter(client.signal);
  if (typeof place === 'string') {
    bodySent();
    model.requestEnded(client.aborted === 'client-gone' ? 'cancelled' : 'refused');
    client.refuse(noPlace(place, model.config.name));
    return;
  }
  model.requestStarted();
  try {
    model.requestEnded(await ask(exchange, context));
  } finally {
    bodySent();
    place();
  }
}

async function ask({ client, route, bodySent }: Exchange, context: ForwardContext): Promise<Outcome> {
  const { model, use } = route;
  const { name } = model.config;
  const startedMs = context.clock.monotonicMs();
  let answer: EngineAnswer;
  try {
    answer = await model.engine.request(engineRequest(client, route.body, context));
    bodySent();
  } catch (error) {
    if (client.aborted !== undefined) {
      if (client.aborted === 'closing') client.refuse(CLOSING);
      return 'cancelled';
    }
    const refusal = engineFailed(error, name);
    context.onEngineGone(model, refusal.message);
    client.refuse(refusal);
    return 'engine_error';
  }
  const count = new AnswerCount();
  const book = use === 'generate' ? model.bookkeeper(count, startedMs) : () => undefined;
  const outcome = await relay({
    client,
    answer,
    model: name,
    transform: replyTransform(answer, {
      model: use === 'ask' || name === model.config.engineModel ? undefined : name,
      count,
      dropUsage: route.askedForUsage,
      eventBytes: context.limits.eventBytes,
      headOnly: client.request.method === 'HEAD',
    }),
    onPiece: book,
    onEngineGone: (why) => context.onEngineGone(model, why),
  });
  if (outcome !== 'ok') return outcome;
  if (answer.status >= 500) return 'engine_error';
  return answer.status >= 400 ? 'client_error' : 'ok';
}

function engineRequest({ request, signal }: ClientSide, body: Buffer, context: ForwardContext): EngineRequest {
  const head = { path: request.url ?? '/', headers: engineHeaders(request.headers, context.withKey), signal };
  if (request.method === 'GET' || request.method === 'HEAD') return { ...head, method: request.method };
  return { ...head, method: 'POST', body };
}
