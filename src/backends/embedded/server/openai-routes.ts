import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { isJsonObject, type JsonObject } from '../../json-value.ts';
import { chatTokens, textTokens } from './chat-prompt.ts';
import { randomSeed, timings } from './completion-route.ts';
import { sendEvent, sendJson } from './http-exchange.ts';
import type { HostResult, ModelHost } from './model-host.ts';
import { RequestError } from './request-error.ts';
import { type CommonFields, commonFields, maxTokensField, messagesField, promptField } from './request-fields.ts';
import { TextStream } from './text-stream.ts';

/** How the two OpenAI endpoints differ in what they send. */
interface Shape {
  readonly idPrefix: string;
  readonly object: string;
  readonly chunkObject: string;
  /** Sent before the first token of a stream. */
  readonly opening: JsonObject | undefined;
  readonly whole: (text: string, finish: string) => JsonObject;
  readonly piece: (text: string) => JsonObject;
  readonly closing: (finish: string) => JsonObject;
}

const CHAT: Shape = {
  idPrefix: 'chatcmpl-',
  object: 'chat.completion',
  chunkObject: 'chat.completion.chunk',
  opening: { index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null },
  whole: (text, finish) => ({ index: 0, message: { role: 'assistant', content: text }, finish_reason: finish }),
  piece: (text) => ({ index: 0, delta: { content: text }, finish_reason: null }),
  closing: (finish) => ({ index: 0, delta: {}, finish_reason: finish }),
};

const TEXT: Shape = {
  idPrefix: 'cmpl-',
  object: 'text_completion',
  chunkObject: 'text_completion',
  opening: undefined,
  whole: (text, finish) => ({ index: 0, text, logprobs: null, finish_reason: finish }),
  piece: (text) => ({ index: 0, text, logprobs: null, finish_reason: null }),
  closing: (finish) => ({ index: 0, text: '', logprobs: null, finish_reason: finish }),
};

interface Exchange {
  readonly host: ModelHost;
  readonly alias: string;
  readonly body: JsonObject;
  readonly response: ServerResponse;
  readonly signal: AbortSignal;
}

/** `POST /v1/chat/completions` */
export async function chatCompletions(exchange: Exchange): Promise<void> {
  const { host, body } = exchange;
  const fields = checked(exchange);
  const tokens = chatTokens(host.model, host.jinja, messagesField(body));
  await answer(exchange, CHAT, fields, tokens, maxTokensField(body, 'max_completion_tokens', 'max_tokens'));
}

/** `POST /v1/completions` */
export async function completions(exchange: Exchange): Promise<void> {
  const { host, body } = exchange;
  const fields = checked(exchange);
  const prompt = promptField(body);
  const tokens = typeof prompt === 'string' ? textTokens(host.model, prompt) : prompt;
  // 16 is what OpenAI's API does when nothing is said.
  await answer(exchange, TEXT, fields, tokens, maxTokensField(body, 'max_tokens') ?? 16);
}

/** `GET /v1/models` */
export function models(host: ModelHost, alias: string, created: number, response: ServerResponse): void {
  const meta = { n_ctx: host.options.contextLength, n_ctx_train: host.model.trainContextSize };
  const model = { id: alias, object: 'model', created, owned_by: 'flexinfer', meta };
  sendJson(response, 200, { object: 'list', data: [model] });
}

function checked({ alias, body }: Exchange): CommonFields {
  const model = body['model'];
  if (model !== undefined && model !== null && model !== alias) {
    const asked = typeof model === 'string' ? model : JSON.stringify(model);
    throw new RequestError(404, 'model_not_found', `the model ${asked} is not served here; ${alias} is`, 'model');
  }
  return commonFields(body, randomSeed());
}

async function answer(
  { host, alias, body, response, signal }: Exchange,
  shape: Shape,
  fields: CommonFields,
  tokens: readonly number[],
  maxTokens: number | undefined,
): Promise<void> {
  const head = { id: `${shape.idPrefix}${randomUUID()}`, created: Math.floor(Date.now() / 1000), model: alias };
  const send = (choice: JsonObject): void =>
    sendEvent(response, { ...head, object: shape.chunkObject, choices: [choice] });
  const text = new TextStream((ids, before) => host.model.detokenize(ids, false, before), fields.stops);
  let whole = '';
  let opened = false;
  const open = (): void => {
    if (!opened && shape.opening !== undefined) {
      send(shape.opening);
    }
    opened = true;
  };
  const result = await host.generate({ ...fields, tokens, maxTokens, signal }, (token) => {
    const piece = text.push(token);
    if (fields.stream) {
      open();
      send(shape.piece(piece));
    } else {
      whole += piece;
    }
    return text.stopped ? 'stop' : 'go on';
  });
  const rest = text.end();
  const finish = result.finish === 'length' ? 'length' : 'stop';
  if (!fields.stream) {
    sendJson(response, 200, {
      ...head,
      object: shape.object,
      choices: [shape.whole(whole + rest, finish)],
      usage: usage(result),
      timings: timings(result),
    });
    return;
  }
  open();
  if (rest !== '') {
    send(shape.piece(rest));
  }
  send(shape.closing(finish));
  if (isJsonObject(body['stream_options']) && body['stream_options']['include_usage'] === true) {
    const counts = { usage: usage(result), timings: timings(result) };
    sendEvent(response, { ...head, object: shape.chunkObject, choices: [], ...counts });
  }
  sendEvent(response, '[DONE]');
  response.end();
}

function usage(result: HostResult): JsonObject {
  return {
    prompt_tokens: result.promptTokens,
    completion_tokens: result.outputTokens,
    total_tokens: result.promptTokens + result.outputTokens,
    prompt_tokens_details: { cached_tokens: result.cachedTokens },
  };
}
