import type { MeasuredPoint } from '../api/record.ts';
import type { RunShape } from './run-series.ts';

/** Below this a full context is not far enough from the short point to be worth the time. */
const MIN_CONTEXT = 4096;
/** Room for a token that begins the prompt, and for an answer a little longer than asked for. */
const SPARE_TOKENS = 8;
/** Both phases get slower with depth. */
const SLOWER = 1.5;

/** A prompt that leaves just enough of the context for the answer; `undefined` for a context that is too short. */
export function fullContextShape(contextLength: number, parallel: number, outputTokens: number): RunShape | undefined {
  if (contextLength < MIN_CONTEXT) return undefined;
  return { promptTokens: contextLength - outputTokens - SPARE_TOKENS, outputTokens, parallel };
}

/** What one run should take, judged by the short point. */
export function fullContextSeconds({ promptTokens, outputTokens, parallel }: RunShape, short: MeasuredPoint): number {
  const prefillRate = short.prefillTokensPerSecond ?? prefillRateOf(short);
  const prefill = prefillRate === undefined ? Number.POSITIVE_INFINITY : promptTokens / prefillRate;
  return SLOWER * parallel * (prefill + outputTokens / short.median);
}

/** The time to the first token is hardly more than the reading of the prompt. */
function prefillRateOf({ promptTokens, timeToFirstTokenSeconds: seconds }: MeasuredPoint): number | undefined {
  return seconds === undefined || seconds <= 0 ? undefined : promptTokens / seconds;
}
