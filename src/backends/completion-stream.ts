import { FlexInferError } from '../api/errors.ts';
import type { Generation } from './engine.ts';
import { readEvents } from './event-stream.ts';
import { count, finiteNumber, isJsonObject, type JsonObject, parseJson, text } from './json-value.ts';

/** Tokens at the end of an answer that may not have been streamed: an unfinished UTF-8 character is held back. */
const HELD_BACK = 3;

/**
 * Reads the answer of llama.cpp's `/completion` with `stream: true` and times it. The embedded engine speaks the same.
 *
 * @param now monotonic milliseconds
 * @param sentMs when the request was sent, on the same clock
 *
 * Errors: ENGINE_FAILED for an error object in the stream, an event that is no JSON, counts that go backwards or
 * contradict each other, and a stream without its last event.
 */
export async function readCompletion(
  body: AsyncIterable<Uint8Array>,
  now: () => number,
  sentMs: number,
): Promise<Generation> {
  let firstTokenMs: number | undefined;
  let lastTokenMs: number | undefined;
  let streamed = 0;
  let last: JsonObject | undefined;

  for await (const event of readEvents(body)) {
    const atMs = now() - sentMs;
    if (event.field === 'data' && event.value === '[DONE]') {
      break;
    }
    const message = parseJson(event.value);
    if (event.field === 'error' || (isJsonObject(message) && message['error'] !== undefined)) {
      throw new FlexInferError('ENGINE_FAILED', `the engine reported an error: ${errorText(message, event.value)}`);
    }
    if (!isJsonObject(message)) {
      throw nonsense(`an event that is no JSON object: ${event.value.slice(0, 200)}`);
    }
    if (message['stop'] === true) {
      last = message;
      const total = totalOf(message);
      if (total !== undefined && total > streamed) {
        firstTokenMs ??= atMs;
        lastTokenMs = atMs;
      }
      break;
    }
    // Several tokens may share an event, and servers that do not count send one token in each.
    const soFar = count(message['tokens_predicted']) ?? streamed + 1;
    if (soFar < streamed) {
      throw nonsense(`a token count that fell from ${streamed} to ${soFar}`);
    }
    streamed = soFar;
    firstTokenMs ??= atMs;
    lastTokenMs = atMs;
  }
  if (last === undefined) {
    throw nonsense(`a stream that ended after ${streamed} tokens without its last event`);
  }
  return generation(last, streamed, {
    firstTokenMs: firstTokenMs ?? now() - sentMs,
    lastTokenMs: lastTokenMs ?? now() - sentMs,
    endMs: now() - sentMs,
  });
}

function generation(last: JsonObject, streamed: number, client: Generation['client']): Generation {
  const outputTokens = totalOf(last) ?? streamed;
  if (streamed > outputTokens || outputTokens - streamed > HELD_BACK) {
    throw nonsense(`${streamed} tokens in the stream but a total of ${outputTokens}`);
  }
  const timings = isJsonObject(last['timings']) ? last['timings'] : {};
  const stopType = text(last['stop_type']);
  return {
    promptTokens: count(last['tokens_evaluated']),
    outputTokens,
    cachedTokens: count(timings['cache_n']),
    finish: stopType === 'limit' ? 'length' : stopType === 'eos' || stopType === 'word' ? 'stop' : 'unknown',
    client,
    server: serverTimers(timings, outputTokens),
  };
}

/**
 * `predicted_ms` runs from the moment the first token was sampled to the moment the last one was, so N tokens span
 * N − 1 decode steps; the first token comes out of the prompt's last batch. (llama.cpp b11434,
 * tools/server/server-common.h: `t_gen_us`, `n_gen_steps`.) Dividing N by it, as servers before that did for
 * `predicted_per_second`, overstates 128 tokens by 0.8 %.
 */
function serverTimers(timings: JsonObject, outputTokens: number): Generation['server'] {
  const prefillMs = finiteNumber(timings['prompt_ms']);
  const decodeMs = finiteNumber(timings['predicted_ms']);
  if (prefillMs === undefined || decodeMs === undefined || prefillMs < 0 || decodeMs <= 0 || outputTokens < 2) {
    return undefined;
  }
  return { prefillMs, decodeMs, decodeIntervals: outputTokens - 1 };
}

function totalOf(last: JsonObject): number | undefined {
  const timings = last['timings'];
  return (isJsonObject(timings) ? count(timings['predicted_n']) : undefined) ?? count(last['tokens_predicted']);
}

/** What an OpenAI-style or llama.cpp error object says. */
export function errorText(message: unknown, raw: string): string {
  const error = isJsonObject(message) ? (message['error'] ?? message) : message;
  const told = isJsonObject(error) ? text(error['message']) : text(error);
  return (told ?? raw).slice(0, 300);
}

function nonsense(what: string): FlexInferError {
  return new FlexInferError('ENGINE_FAILED', `the engine sent ${what}`);
}
