import { setTimeout as sleep } from 'node:timers/promises';
import { FlexInferError } from '../../api/errors.ts';
import { cancelled } from '../cancelled.ts';

/** How patient the client is. */
export interface RetryPolicy {
  /** Attempts per request; progress gives them back. */
  readonly tries: number;
  /** Attempts when nothing answers at all: no such host, connection refused. */
  readonly unreachableTries: number;
  readonly firstDelayMs: number;
  readonly largestDelayMs: number;
  /** A server that asks for a longer pause is taken to mean "come back another day". */
  readonly longestRetryAfterMs: number;
  /** Bytes after which a transfer counts as making progress. */
  readonly progressBytes: number;
  /** A connection that moves fewer than `stallBytes` in this time is given up. */
  readonly stallMs: number;
  readonly stallBytes: number;
}

export const DEFAULT_RETRY: RetryPolicy = {
  tries: 6,
  unreachableTries: 3,
  firstDelayMs: 500,
  largestDelayMs: 30_000,
  longestRetryAfterMs: 300_000,
  progressBytes: 8 * 2 ** 20,
  stallMs: 30_000,
  stallBytes: 1024,
};

/** A failure that may pass. `retryAfterMs` is what the server asked for. */
export class TransientFailure extends Error {
  override readonly name = 'TransientFailure';
  readonly retryAfterMs: number | undefined;
  /** Nothing answered: more likely no network than a hiccup. */
  readonly unreachable: boolean;
  readonly rateLimited: boolean;

  constructor(
    message: string,
    options: { cause?: unknown; retryAfterMs?: number | undefined; unreachable?: boolean; rateLimited?: boolean } = {},
  ) {
    super(message, { cause: options.cause });
    this.retryAfterMs = options.retryAfterMs;
    this.unreachable = options.unreachable ?? false;
    this.rateLimited = options.rateLimited ?? false;
  }
}

/**
 * Pause before attempt `failures` + 1: full jitter over a doubling range, and never less than the server asked for.
 *
 * @param random from 0 to 1.
 */
export function retryDelayMs(policy: RetryPolicy, failures: number, random: number, retryAfterMs = 0): number {
  const range = Math.min(policy.largestDelayMs, policy.firstDelayMs * 2 ** Math.min(failures - 1, 30));
  return Math.max(retryAfterMs, random * range);
}

/** `Retry-After` in milliseconds from now: seconds or an HTTP date; `undefined` for anything else. */
export function parseRetryAfter(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined) return undefined;
  const text = value.trim();
  if (/^[0-9]{1,15}$/.test(text)) return Number(text) * 1000;
  const at = /^[A-Za-z]{3}, /.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs);
}

/** Counts the failures of one request and pauses between its attempts. */
export class RetryBudget {
  readonly #policy: RetryPolicy;
  readonly #label: string;
  #failures = 0;
  #unreachable = 0;

  /** @param what begins the last error, where its own words do not say what was asked for. */
  constructor(policy: RetryPolicy, what?: string) {
    this.#policy = policy;
    this.#label = what === undefined ? '' : `${what}: `;
  }

  progressed(): void {
    this.#failures = 0;
    this.#unreachable = 0;
  }

  /** Waits for the next attempt, or throws the final error when there is none. */
  async pause(failure: TransientFailure, signal: AbortSignal | undefined): Promise<void> {
    this.#failures += 1;
    this.#unreachable = failure.unreachable ? this.#unreachable + 1 : 0;
    const asked = failure.retryAfterMs ?? 0;
    const exhausted =
      this.#failures >= this.#policy.tries ||
      this.#unreachable >= this.#policy.unreachableTries ||
      asked > this.#policy.longestRetryAfterMs;
    if (exhausted) throw this.#final(failure);
    await pauseFor(retryDelayMs(this.#policy, this.#failures, Math.random(), asked), signal);
  }

  #final(failure: TransientFailure): FlexInferError {
    if (failure.rateLimited) {
      const wait =
        failure.retryAfterMs === undefined ? 'later' : `in ${Math.ceil(failure.retryAfterMs / 60_000)} minutes`;
      return new FlexInferError('RATE_LIMITED', `${this.#label}${failure.message}`, {
        cause: failure,
        todo: `try again ${wait}, or set HF_TOKEN for a higher limit`,
      });
    }
    return new FlexInferError('UNREACHABLE', `${this.#label}${failure.message}`, {
      cause: failure,
      todo: failure.unreachable
        ? 'check the network, the proxy and HF_ENDPOINT, or use a file:// model'
        : 'try again; what was received is kept',
    });
  }
}

async function pauseFor(ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(ms, undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    if (signal?.aborted !== true) throw error;
    throw cancelled();
  }
}
