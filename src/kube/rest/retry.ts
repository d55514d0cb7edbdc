import type { Random } from '../time/clock.ts';
import { isTooLargeResourceVersion, KubeError } from './kube-error.ts';

/** Attempts of one request, the first included. */
export const MAX_ATTEMPTS = 6;
const FIRST_DELAY_MS = 200;
const LONGEST_DELAY_MS = 5_000;
/** A server that asks for more is not waited for here: the caller, who knows how urgent it is, gets the error. */
const LONGEST_RETRY_AFTER_MS = 30_000;

/**
 * How long to wait before attempt `attempt + 1`, or `undefined` when the request must not be repeated.
 *
 * Repeated are: what the server asks to repeat (429, and 503 with Retry-After), what never reached it, and, only when
 * doing it twice does no harm, what may have reached it. Delays have full jitter, on top of what the server asked for.
 *
 * @param repeatable whether doing the request twice is as good as once
 */
export function retryDelayMs(error: unknown, attempt: number, repeatable: boolean, random: Random): number | undefined {
  if (!(error instanceof KubeError) || attempt >= MAX_ATTEMPTS || !mayRepeat(error, repeatable)) return undefined;
  const askedMs = error.retryAfterMs ?? 0;
  if (askedMs > LONGEST_RETRY_AFTER_MS) return undefined;
  return askedMs + random() * Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (attempt - 1));
}

function mayRepeat(error: KubeError, repeatable: boolean): boolean {
  if (error.reason === 'TlsFailed' || isTooLargeResourceVersion(error)) return false;
  if (error.code === 429 || (error.code === 503 && error.retryAfterMs !== undefined)) return true;
  if (error.reason === 'Unreachable') return error.neverSent || repeatable;
  return repeatable && error.code >= 500;
}

/**
 * Keeps retries a small share of the traffic, so that they cannot keep an overloaded server down: every request earns
 * a tenth of a retry, and a quiet client has ten in reserve.
 */
export class RetryBudget {
  #balance = 10;

  earn(): void {
    this.#balance = Math.min(10, this.#balance + 0.1);
  }

  spend(): boolean {
    if (this.#balance < 1) return false;
    this.#balance -= 1;
    return true;
  }
}
