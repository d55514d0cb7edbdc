import { type Dispatcher, Pool } from 'undici';
import { FlexInferError, messageOf } from '../api/errors.ts';
import { errorText, readCompletion } from './completion-stream.ts';
import type { EngineClient, EngineCounters, GenerateRequest, Generation } from './engine.ts';
import { count, isJsonObject, parseJson } from './json-value.ts';
import { metricValue } from './metric-text.ts';
import { poolText, randomPrompt } from './random-prompt.ts';

/**
 * Talks to a llama.cpp server, or to the embedded engine, which offers the same endpoints.
 *
 * @param now monotonic milliseconds; times of a generation are taken on it
 */
export function connectLlama(port: number, now: () => number = () => performance.now()): EngineClient {
  // No time limit here: a long prompt on a slow machine may take minutes. The caller's signal is the limit.
  // A connection for every request (`pipelining: 0`): llama-server closes idle ones, and loses what is sent at that moment.
  const pool = new Pool(`http://127.0.0.1:${port}`, {
    headersTimeout: 0,
    bodyTimeout: 0,
    connectTimeout: 5_000,
    pipelining: 0,
  });
  let tokens: readonly number[] | undefined;

  return {
    async health(signal) {
      try {
        const answer = await pool.request({ method: 'GET', path: '/health', signal });
        await answer.body.dump();
        return answer.statusCode === 200 ? 'ready' : answer.statusCode === 503 ? 'loading' : 'failed';
      } catch (error) {
        // Not listening yet, or not answering in time: neither is a verdict. The process itself tells when it is over.
        return error instanceof Error ? 'loading' : 'failed';
      }
    },

    async generate(request) {
      tokens ??= await ordinaryTokens(pool, request.signal);
      return generate(pool, tokens, request, now);
    },

    async counters(signal) {
      const answer = await pool.request({ method: 'GET', path: '/metrics', signal });
      const body = await answer.body.text();
      return answer.statusCode === 200 ? countersIn(body) : undefined;
    },

    async close() {
      await pool.destroy();
    },
  };
}

async function generate(
  pool: Pool,
  tokens: readonly number[],
  request: GenerateRequest,
  now: () => number,
): Promise<Generation> {
  const body = JSON.stringify({
    prompt: randomPrompt(tokens, request.seed, request.promptTokens),
    n_predict: request.outputTokens,
    ignore_eos: true,
    cache_prompt: false,
    temperature: 0,
    seed: Math.trunc(request.seed) >>> 0,
    stream: true,
    return_tokens: true,
  });
  const sentMs = now();
  const answer = await post(pool, '/completion', body, request.signal);
  try {
    return await readCompletion(answer.body, now, sentMs);
  } catch (error) {
    throw asEngineError(error, request.signal);
  }
}

/** Ids of ordinary tokens, from the engine's own tokenizer. Special tokens cannot be among them. */
async function ordinaryTokens(pool: Pool, signal: AbortSignal): Promise<readonly number[]> {
  const request = JSON.stringify({ content: poolText, add_special: false, parse_special: false });
  const answer = await post(pool, '/tokenize', request, signal);
  const reply = parseJson(await answer.body.text());
  const listed: unknown = isJsonObject(reply) ? reply['tokens'] : undefined;
  const ids = [...new Set(Array.isArray(listed) ? listed.map(count) : [])].filter((id) => id !== undefined);
  if (ids.length < 2) {
    throw new FlexInferError('ENGINE_FAILED', 'the engine’s tokenizer knows fewer than two ordinary tokens');
  }
  return ids;
}

async function post(pool: Pool, path: string, body: string, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
  let answer: Dispatcher.ResponseData;
  try {
    const headers = { 'content-type': 'application/json' };
    answer = await pool.request({ method: 'POST', path, headers, body, signal });
  } catch (error) {
    throw asEngineError(error, signal);
  }
  if (answer.statusCode !== 200) {
    const reply = await answer.body.text();
    throw new FlexInferError(
      'ENGINE_FAILED',
      `the engine answered ${answer.statusCode} to ${path}: ${errorText(parseJson(reply), reply)}`,
    );
  }
  return answer;
}

/** An abort stays what the caller made it; a broken connection becomes a sentence. */
function asEngineError(error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) {
    return signal.reason;
  }
  return error instanceof FlexInferError
    ? error
    : new FlexInferError('ENGINE_FAILED', `the connection to the engine broke: ${messageOf(error)}`, { cause: error });
}

function countersIn(body: string): EngineCounters | undefined {
  const generatedTokens = metricValue(body, /^(llamacpp|embedded):tokens_predicted_total$/);
  const requestsInFlight = metricValue(body, /^(llamacpp|embedded):requests_processing$/);
  const requestsWaiting = metricValue(body, /^(llamacpp|embedded):requests_deferred$/);
  return generatedTokens === undefined
    ? undefined
    : {
        generatedTokens,
        ...(requestsInFlight === undefined ? {} : { requestsInFlight }),
        ...(requestsWaiting === undefined ? {} : { requestsWaiting }),
      };
}
