import type { Clock, Random } from './clock.ts';

export interface BackoffOptions {
  readonly initialMs: number;
  readonly maxMs: number;
  /** By how much each delay exceeds the one before. */
  readonly factor: number;
  /** Up to this share of a delay is added to it at random, so that many clients do not return together. */
  readonly jitter: number;
  /** Asked again after this long without a failure, it starts from `initialMs`. */
  readonly resetAfterMs: number;
}

/** The delays of client-go's reflector: 0.8 s to 30 s, doubled each time, forgotten after two healthy minutes. */
export const WATCH_BACKOFF: BackoffOptions = {
  initialMs: 800,
  maxMs: 30_000,
  factor: 2,
  jitter: 1,
  resetAfterMs: 120_000,
};

/** Growing delays between attempts of one thing. Without jitter they never shrink until `reset`. */
export class Backoff {
  readonly #options: BackoffOptions;
  readonly #clock: Clock;
  readonly #random: Random;
  #nextMs: number;
  #lastFailureMs = Number.NEGATIVE_INFINITY;

  constructor(options: BackoffOptions, clock: Clock, random: Random) {
    this.#options = options;
    this.#clock = clock;
    this.#random = random;
    this.#nextMs = options.initialMs;
  }

  /** Counts one failure and returns how long to wait in milliseconds. */
  next(): number {
    const { initialMs, maxMs, factor, jitter, resetAfterMs } = this.#options;
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#lastFailureMs > this.#nextMs + resetAfterMs) this.#nextMs = initialMs;
    this.#lastFailureMs = nowMs;
    const delayMs = this.#nextMs;
    this.#nextMs = Math.min(maxMs, delayMs * factor);
    return delayMs * (1 + this.#random() * jitter);
  }

  reset(): void {
    this.#nextMs = this.#options.initialMs;
  }
}
