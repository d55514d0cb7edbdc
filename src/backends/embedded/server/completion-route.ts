import type { ServerResponse } from 'node:http';
import { count, type JsonObject } from '../../json-value.ts';
import { textTokens } from './chat-prompt.ts';
import { sendEvent, sendJson } from './http-exchange.ts';
import type { HostResult, ModelHost } from './model-host.ts';
import { RequestError } from './request-error.ts';
import { commonFields, maxTokensField, promptField } from './request-fields.ts';
import { TextStream } from './text-stream.ts';

/** `/completion` as llama.cpp's server has it: token ids in, token ids, counts and timers out. */
export async function completion(
  host: ModelHost,
  alias: string,
  body: JsonObject,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  const fields = commonFields(body, randomSeed());
  const prompt = promptField(body);
  const tokens = typeof prompt === 'string' ? textTokens(host.model, prompt) : prompt;
  const text = new TextStream((ids, before) => host.model.detokenize(ids, false, before), fields.stops);
  const ids: number[] = [];
  let whole = '';
  const result = await host.generate(
    { ...fields, tokens, maxTokens: maxTokensField(body, 'n_predict', 'max_tokens'), signal },
    (token) => {
      const content = text.push(token);
      ids.push(token);
      whole += content;
      if (fields.stream) {
        sendEvent(response, {
          index: 0,
          content,
          tokens: [token],
          stop: false,
          tokens_predicted: ids.length,
          tokens_evaluated: tokens.length,
        });
      }
      return text.stopped ? 'stop' : 'go on';
    },
  );
  const rest = text.end();
  const last = {
    index: 0,
    content: fields.stream ? rest : whole + rest,
    tokens: fields.stream ? [] : ids,
    stop: true,
    model: alias,
    tokens_predicted: result.outputTokens,
    tokens_evaluated: result.promptTokens,
    truncated: false,
    stop_type: result.finish === 'length' ? 'limit' : result.finish === 'end-of-text' ? 'eos' : 'word',
    timings: timings(result),
  };
  if (fields.stream) {
    sendEvent(response, last);
    response.end();
  } else {
    sendJson(response, 200, last);
  }
}

/** The same names and the same meaning as in llama.cpp: `predicted_ms` spans one step less than there are tokens. */
export function timings(result: HostResult): JsonObject {
  const promptTokens = result.promptTokens - result.cachedTokens;
  const steps = Math.max(0, result.outputTokens - 1);
  return {
    cache_n: result.cachedTokens,
    prompt_n: promptTokens,
    prompt_ms: result.prefillMs,
    prompt_per_second: result.prefillMs > 0 ? (promptTokens * 1000) / result.prefillMs : 0,
    predicted_n: result.outputTokens,
    predicted_ms: result.decodeMs,
    predicted_per_second: result.decodeMs > 0 ? (steps * 1000) / result.decodeMs : 0,
  };
}

/** `/tokenize`: ids of a text, without the token a text begins with. */
export function tokenize(host: ModelHost, body: JsonObject, response: ServerResponse): void {
  const content = body['content'];
  if (typeof content !== 'string') {
    throw new RequestError(400, 'invalid_field', 'content must be a text', 'content');
  }
  const tokens = host.model.tokenize(content, body['parse_special'] !== false);
  sendJson(response, 200, { tokens: tokens.map(count) });
}

export function randomSeed(): number {
  return Math.floor(Math.random() * 2 ** 32);
}
