import type { MeasuredRun, RecordFlag } from '../api/record.ts';

/** One timed generation. Times are milliseconds on one monotonic clock, counted from the moment the request was sent. */
export interface ObservedRun {
  /** Absent when the engine does not say. */
  readonly promptTokens: number | undefined;
  readonly outputTokens: number;
  /** Prompt tokens taken from a cache; absent when the engine does not say. */
  readonly cachedTokens: number | undefined;
  readonly finish: 'length' | 'stop' | 'unknown';
  readonly client: { readonly firstTokenMs: number; readonly lastTokenMs: number; readonly endMs: number };
  /**
   * The engine's own timers; absent when it reports none. `decodeMs` runs from the first token to the last and holds
   * `decodeIntervals` decode steps, for llama.cpp one less than there are tokens.
   */
  readonly server:
    | { readonly prefillMs: number; readonly decodeMs: number; readonly decodeIntervals: number }
    | undefined;
}

export interface WantedRun {
  readonly promptTokens: number;
  readonly outputTokens: number;
  /** Tokens more than asked for that the engine may generate; see {@link extraTokensOf}. */
  readonly extraTokens: number;
  /** Whether shorter answers were retried often enough and a short one may count now. */
  readonly acceptShort: boolean;
}

export type JudgedRun =
  | { readonly valid: true; readonly run: MeasuredRun }
  /** `retry`: another prompt may do better. */
  | { readonly valid: false; readonly reason: string; readonly retry: boolean };

/** llama.cpp, and what is built on it, finishes a character that ends in the middle of the last token. */
const FINISHES_CHARACTERS = new Set(['llamacpp', 'embedded', 'ollama']);
const MAX_CHARACTER_TOKENS = 3;
/** The fewest tokens of a short run that still say something about a speed. */
const MIN_SHORT_TOKENS = 64;
/** Two clocks that differ by more make the number doubtful. */
const MAX_CLOCK_RATIO = 1.05;
/** What timers may disagree by for lack of resolution. */
const SLACK_MS = 5;

/** By how many tokens an answer of an engine may exceed what was asked for: exactly as many are expected of the others. */
export function extraTokensOf(backend: string): number {
  return FINISHES_CHARACTERS.has(backend) ? MAX_CHARACTER_TOKENS : 0;
}

/**
 * Decides whether a generation counts as a run of the protocol, and at which rate. Nothing doubtful is averaged away: it
 * is refused with a reason, or carries a flag.
 */
export function judgeRun(observed: ObservedRun, wanted: WantedRun): JudgedRun {
  const { outputTokens, cachedTokens, finish, client, server } = observed;
  if (!timesAddUp(observed)) return refuse('the times of the engine and the client do not fit together', true);
  if (cachedTokens !== undefined && cachedTokens > 0) {
    return refuse(`${cachedTokens} prompt tokens came from a cache`, false);
  }
  if (outputTokens > wanted.outputTokens + wanted.extraTokens) {
    return refuse(`${outputTokens} tokens were generated, ${wanted.outputTokens} were asked for`, false);
  }
  // An engine that came to its own end was not held by the limit, however many tokens it had by then.
  const short = outputTokens < wanted.outputTokens || finish === 'stop';
  if (short && !(wanted.acceptShort && outputTokens >= Math.min(MIN_SHORT_TOKENS, wanted.outputTokens))) {
    return refuse(`the answer ended (${finish}) after ${outputTokens} of ${wanted.outputTokens} tokens`, true);
  }
  if (outputTokens < 2) return refuse('one token has no rate', true);

  const clientRate = rate(outputTokens - 1, client.lastTokenMs - client.firstTokenMs);
  const serverRate = server === undefined ? undefined : rate(server.decodeIntervals, server.decodeMs);
  const tokensPerSecond = serverRate ?? clientRate;
  if (tokensPerSecond === undefined) return refuse('the engine reported no time and all tokens arrived at once', true);

  const flags: RecordFlag[] = [];
  if (short) flags.push('short');
  if (clientRate !== undefined && serverRate !== undefined && apart(clientRate, serverRate)) flags.push('disagreement');
  const promptTokens = observed.promptTokens ?? wanted.promptTokens;
  const prefill = server === undefined ? undefined : rate(promptTokens, server.prefillMs);
  return {
    valid: true,
    run: {
      tokensPerSecond,
      promptTokens,
      outputTokens,
      ...(prefill === undefined ? {} : { prefillTokensPerSecond: prefill }),
      timeToFirstTokenSeconds: client.firstTokenMs / 1000,
      timing: serverRate === undefined ? 'client' : 'server',
      flags,
    },
  };
}

function timesAddUp({ client, server }: ObservedRun): boolean {
  const { firstTokenMs, lastTokenMs, endMs } = client;
  const ordered = [0, firstTokenMs, lastTokenMs, endMs].every(
    (time, index, all) => Number.isFinite(time) && time >= (all[index - 1] ?? 0),
  );
  if (!ordered) return false;
  if (server === undefined) return true;
  const sum = server.prefillMs + server.decodeMs;
  return server.prefillMs >= 0 && server.decodeMs >= 0 && sum <= endMs * MAX_CLOCK_RATIO + SLACK_MS;
}

/** Per second; `undefined` for no time or no count, which is no rate rather than an infinite or a zero one. */
function rate(count: number, ms: number): number | undefined {
  return count > 0 && ms > 0 && Number.isFinite(count / ms) ? (count * 1000) / ms : undefined;
}

function apart(a: number, b: number): boolean {
  return Math.max(a, b) / Math.min(a, b) > MAX_CLOCK_RATIO;
}

function refuse(reason: string, retry: boolean): JudgedRun {
  return { valid: false, reason, retry };
}
