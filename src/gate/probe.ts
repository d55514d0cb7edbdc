import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import type { ServedModel } from './served-model.ts';

const RETRY_MS = 1_000;
const ANSWER_MS = 60_000;

/** The smallest real question for each kind of model; the first that is answered proves that the engine works. */
const QUESTIONS = [
  ['/v1/completions', { prompt: 'Hello', max_tokens: 1 }],
  ['/v1/embeddings', { input: 'Hello' }],
] as const;

/** Asks the engine until it gives one real answer. Returns false when `signal` ends it. */
export async function untilAnswered(model: ServedModel, signal: AbortSignal, retryMs = RETRY_MS): Promise<boolean> {
  while (!signal.aborted) {
    for (const [path, question] of QUESTIONS) {
      if (await answers(model, path, { model: model.config.engineModel, ...question }, signal)) return true;
    }
    await delay(retryMs, undefined, { signal }).catch(() => undefined);
  }
  return false;
}

async function answers(model: ServedModel, path: string, question: object, signal: AbortSignal): Promise<boolean> {
  try {
    const { status, body } = await model.engine.request({
      path,
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(question),
      signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]),
    });
    const answer: unknown = JSON.parse(await text(body));
    return status === 200 && typeof answer === 'object' && answer !== null && ('choices' in answer || 'data' in answer);
  } catch {
    // Refused, cut, timed out or no JSON: not an answer, whatever the reason.
    return false;
  }
}
