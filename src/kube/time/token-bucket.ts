import type { Clock } from './clock.ts';
import { sleep } from './clock.ts';

export interface TokenBucketOptions {
  /** Tokens that come back per second. */
  readonly perSecond: number;
  /** Tokens that can be saved up; the bucket starts full. */
  readonly burst: number;
}

/** A token bucket: `burst` at once, then `perSecond`. Waiters are served in the order in which they came. */
export class TokenBucket {
  readonly #options: TokenBucketOptions;
  readonly #clock: Clock;
  #tokens: number;
  #refilledMs: number;

  constructor(options: TokenBucketOptions, clock: Clock) {
    if (!(options.perSecond > 0) || !(options.burst >= 1)) {
      throw new RangeError(`a token bucket needs perSecond > 0 and burst >= 1, not ${JSON.stringify(options)}`);
    }
    this.#options = options;
    this.#clock = clock;
    this.#tokens = options.burst;
    this.#refilledMs = clock.monotonicMs();
  }

  /** Takes a token, if need be one of the future, and returns after how many milliseconds it may be used. */
  reserve(): number {
    this.#refill();
    this.#tokens -= 1;
    return this.#tokens >= 0 ? 0 : (-this.#tokens * 1_000) / this.#options.perSecond;
  }

  /** Takes a token if one is there now. */
  tryTake(): boolean {
    this.#refill();
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  /** Waits for a token; an aborted wait gives its token back. */
  async take(signal: AbortSignal): Promise<void> {
    const delayMs = this.reserve();
    if (delayMs === 0) return;
    try {
      await sleep(this.#clock, delayMs, signal);
    } catch (error) {
      this.#tokens = Math.min(this.#options.burst, this.#tokens + 1);
      throw error;
    }
  }

  #refill(): void {
    const nowMs = this.#clock.monotonicMs();
    const elapsedMs = nowMs - this.#refilledMs;
    this.#refilledMs = nowMs;
    this.#tokens = Math.min(this.#options.burst, this.#tokens + (elapsedMs * this.#options.perSecond) / 1_000);
  }
}
