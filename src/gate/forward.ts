import { type Dispatcher, errors } from 'undici';
import type { Clock } from '../api/clock.ts';
import type { AdmissionProblem } from './admission.ts';
import type { ClientSide } from './client-side.ts';
import type { Outcome } from './gate-metrics.ts';
import { clientHeaders, engineHeaders } from './headers.ts';
import type { GateLimits } from './options.ts';
import type { PathUse } from './paths.ts';
import type { Refusal } from './reply.ts';
import { jsonTransform, plainTransform, type ReplyTransform, streamTransform } from './reply-transform.ts';
import type { ServedModel } from './served-model.ts';
import { type Framing, UnitTooLong } from './stream-units.ts';
import { AnswerCount } from './token-count.ts';

/** A request that knows its model and is ready to be sent. */
export interface Exchange {
  readonly client: ClientSide;
  readonly model: ServedModel;
  readonly use: PathUse;
  readonly body: Buffer;
  /** The gate put `stream_options` into the body, and takes its effect out of the answer. */
  readonly askedForUsage: boolean;
  /** Called as soon as the body is no longer needed. */
  readonly bodySent: () => void;
}

export interface ForwardContext {
  readonly clock: Clock;
  readonly limits: GateLimits;
  readonly withKey: boolean;
  /** Told when an engine does not answer at all. */
  readonly onEngineGone: (model: ServedModel, why: string) => void;
}

/** An answer up to this size is sent whole, with its length; until then a broken engine is an honest 502. */
const WHOLE_BYTES = 64 * 1024;

/** Waits for a place, asks the engine, passes its answer on. Never rejects: whatever happens, the client is told. */
export async function forward(exchange: Exchange, context: ForwardContext): Promise<void> {
  const { client, model, use } = exchange;
  if (use === 'ask') {
    await ask(exchange, context).finally(exchange.bodySent);
    return;
  }
  const place = await model.admission.enter(client.signal);
  if (typeof place === 'string') {
    exchange.bodySent();
    model.requestEnded(client.aborted === 'client-gone' ? 'cancelled' : 'refused');
    client.refuse(noPlace(place, model.config.name));
    return;
  }
  model.requestStarted();
  try {
    model.requestEnded(await ask(exchange, context));
  } finally {
    exchange.bodySent();
    place();
  }
}

async function ask(exchange: Exchange, context: ForwardContext): Promise<Outcome> {
  const { client, model } = exchange;
  const startedMs = context.clock.monotonicMs();
  let answer: Dispatcher.ResponseData;
  try {
    answer = await model.pool.request(engineRequest(exchange, context));
    exchange.bodySent();
  } catch (error) {
    if (client.aborted !== undefined) return abortedBeforeAnswer(client);
    const refusal = engineFailed(error, model.config.name);
    if (refusal.code === 'engine_unreachable') context.onEngineGone(model, refusal.message);
    client.refuse(refusal);
    return 'engine_error';
  }
  const outcome = await relay(answer, exchange, context, startedMs);
  if (outcome !== 'ok') return outcome;
  if (answer.statusCode >= 500) return 'engine_error';
  return answer.statusCode >= 400 ? 'client_error' : 'ok';
}

function engineRequest({ client, body }: Exchange, context: ForwardContext): Dispatcher.RequestOptions {
  const { request } = client;
  const method = request.method === 'HEAD' ? 'HEAD' : request.method === 'GET' ? 'GET' : 'POST';
  return {
    path: request.url ?? '/',
    method,
    headers: engineHeaders(request.headers, context.withKey),
    body: method === 'POST' ? body : null,
    signal: client.signal,
  };
}

async function relay(
  answer: Dispatcher.ResponseData,
  exchange: Exchange,
  { limits, onEngineGone }: ForwardContext,
  startedMs: number,
): Promise<Outcome> {
  const { client, model, use } = exchange;
  const count = new AnswerCount();
  const { transform, framing } = transformFor(answer, exchange, count, limits);
  const headers = clientHeaders(answer.headers);
  let whole: Buffer[] | undefined = transform.kind === 'json' ? [] : undefined;
  let wholeBytes = 0;
  let booked = 0;
  const book = () => {
    if (use === 'generate') booked = model.book(count, booked, startedMs);
  };
  const send = async (bytes: Buffer) => {
    if (whole !== undefined && wholeBytes + bytes.length <= WHOLE_BYTES) {
      whole.push(bytes);
      wholeBytes += bytes.length;
      return;
    }
    if (!client.started) client.start(answer.statusCode, headers);
    const held = whole === undefined ? [] : whole;
    whole = undefined;
    await client.write(held.length === 0 ? bytes : Buffer.concat([...held, bytes]));
  };
  try {
    if (transform.kind !== 'json') client.start(answer.statusCode, withLength(headers, answer, transform));
    for await (const piece of answer.body) {
      const bytes = transform.push(piece);
      book();
      await send(bytes);
    }
    await send(transform.end());
    book();
    if (whole !== undefined) {
      const body = Buffer.concat(whole);
      client.start(answer.statusCode, { ...headers, 'content-length': body.length });
      client.end(body);
    } else {
      client.end();
    }
    return 'ok';
  } catch (error) {
    book();
    if (client.aborted === 'client-gone' || client.aborted === 'client-stalled') {
      client.response.destroy();
      return 'cancelled';
    }
    const refusal = client.aborted === 'closing' ? CLOSING : engineFailed(error, model.config.name);
    if (client.aborted === undefined && error instanceof errors.SocketError) onEngineGone(model, refusal.message);
    if (client.started) client.break(framing, refusal);
    else client.refuse(refusal);
    return client.aborted === 'closing' ? 'cancelled' : 'engine_error';
  }
}

/** Bytes that pass unchanged keep the length the engine gave, which for HEAD is all there is. */
function withLength(headers: Headers, answer: Dispatcher.ResponseData, transform: ReplyTransform): Headers {
  const length = answer.headers['content-length'];
  return transform.kind === 'plain' && typeof length === 'string' ? { ...headers, 'content-length': length } : headers;
}

type Headers = Readonly<Record<string, string | string[]>>;

function transformFor(
  answer: Dispatcher.ResponseData,
  { client, model, use, askedForUsage }: Exchange,
  count: AnswerCount,
  limits: GateLimits,
): { transform: ReplyTransform; framing: Framing | undefined } {
  const encoding = answer.headers['content-encoding'];
  const readable = encoding === undefined || encoding === 'identity';
  if (!readable || client.request.method === 'HEAD') return { transform: plainTransform, framing: undefined };
  const { name, engineModel } = model.config;
  const type = String(answer.headers['content-type'] ?? '')
    .split(';', 1)[0]
    ?.trim()
    .toLowerCase();
  const rules = {
    model: use === 'ask' || name === engineModel ? undefined : name,
    count,
    dropUsage: askedForUsage,
    eventBytes: limits.eventBytes,
  };
  if (type === 'text/event-stream') return { transform: streamTransform('sse', rules), framing: 'sse' };
  if (type === 'application/x-ndjson') return { transform: streamTransform('ndjson', rules), framing: 'ndjson' };
  if (type === 'application/json') return { transform: jsonTransform(rules), framing: undefined };
  return { transform: plainTransform, framing: undefined };
}

function abortedBeforeAnswer(client: ClientSide): Outcome {
  if (client.aborted === 'closing') client.refuse(CLOSING);
  return 'cancelled';
}

export const CLOSING: Refusal = {
  status: 503,
  type: 'server_error',
  code: 'shutting_down',
  message: 'the server is shutting down',
  headers: { connection: 'close', 'retry-after': '5' },
};

function noPlace(problem: AdmissionProblem, model: string): Refusal {
  if (problem === 'closing') return CLOSING;
  return problem === 'queue-full'
    ? overloaded(429, `too many requests wait for ${model}`)
    : overloaded(503, `${model} had no free place in time`);
}

export function overloaded(status: 429 | 503, message: string): Refusal {
  return { status, type: 'server_error', code: 'overloaded', message, headers: { 'retry-after': '5' } };
}

function engineFailed(error: unknown, model: string): Refusal {
  const failure = (status: number, code: string, what: string): Refusal => {
    return { status, type: 'server_error', code, message: `the engine of ${model} ${what}` };
  };
  if (error instanceof errors.HeadersTimeoutError || error instanceof errors.BodyTimeoutError) {
    return failure(504, 'engine_timeout', 'did not answer in time');
  }
  if (error instanceof UnitTooLong) return failure(502, 'engine_failed', `sent ${error.message}`);
  if (error instanceof errors.ConnectTimeoutError || codeOf(error) === 'ECONNREFUSED') {
    return failure(502, 'engine_unreachable', 'cannot be reached');
  }
  return failure(502, 'engine_failed', 'broke off its answer');
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
