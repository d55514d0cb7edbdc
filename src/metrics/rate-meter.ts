const WINDOW_MS = 60_000;
const ENOUGH_MS = 30_000;
const STALE_MS = 15_000;

/** What happened to a counter between two samples. */
interface Interval {
  readonly startMs: number;
  readonly endMs: number;
  tokens: number;
}

export interface RateMeterOptions {
  /** Length of the window in milliseconds. Default: 60 s. */
  readonly windowMs?: number;
  /** How much of the window must be known before there is a rate. Default: 30 s. */
  readonly enoughMs?: number;
  /** Without a good sample for so long the rate is unknown. Default: 15 s, three samples missed. */
  readonly staleMs?: number;
}

/**
 * Rolling average of a counter that may restart, vanish and lie: the sum of what was added over the sum of the time it
 * took, both only where two neighbouring samples are known. Errors are on the low side: the rate is never negative
 * and never above the largest true rate of an interval. All times are monotonic milliseconds.
 */
export class RateMeter {
  readonly #windowMs: number;
  readonly #enoughMs: number;
  readonly #staleMs: number;
  readonly #intervals: Interval[] = [];
  /** `spread` is what of the growth since this sample already stands in older intervals. */
  #last:
    | { readonly atMs: number; readonly value: number; readonly startedAt: number | undefined; spread: number }
    | undefined;
  #resets = 0;

  constructor(options: RateMeterOptions = {}) {
    this.#windowMs = options.windowMs ?? WINDOW_MS;
    this.#enoughMs = options.enoughMs ?? ENOUGH_MS;
    this.#staleMs = options.staleMs ?? STALE_MS;
  }

  /** How often the counter was seen to start again. */
  get resets(): number {
    return this.#resets;
  }

  /**
   * @param value the counter; `undefined`, NaN, an infinity or a negative number is a gap
   * @param startedAt when the counting process started, in any unit; a change is a reset even if the counter grew
   */
  sample(nowMs: number, value: number | undefined, startedAt?: number): void {
    if (value === undefined || !Number.isFinite(value) || value < 0) {
      this.#last = undefined;
      return;
    }
    const last = this.#last;
    // A clock that stands still or runs backwards gives no interval; the counter's growth is kept for the next one.
    if (last !== undefined && nowMs <= last.atMs) return;
    this.#last = { atMs: nowMs, value, startedAt, spread: 0 };
    if (last === undefined) return;
    const restarted = value < last.value || startedAt !== last.startedAt;
    if (restarted) this.#resets += 1;
    // After a restart the new count is a lower bound of what was made since the last sample.
    const growth = restarted ? value : value - last.value;
    this.#intervals.push({ startMs: last.atMs, endMs: nowMs, tokens: Math.max(0, growth - last.spread) });
    this.#dropOld(nowMs);
  }

  /**
   * Says that `tokens` of the next sample's growth were made evenly over a longer time, so that a counter that moves
   * only at the end of a request gives no spike. What lies before the known intervals is dropped.
   */
  spread(fromMs: number, toMs: number, tokens: number): void {
    const last = this.#last;
    if (last === undefined || !(toMs > fromMs) || !(tokens > 0) || fromMs >= last.atMs) return;
    const perMs = tokens / (toMs - fromMs);
    for (const interval of this.#intervals) {
      const overlap = Math.min(interval.endMs, toMs) - Math.max(interval.startMs, fromMs);
      if (overlap > 0) interval.tokens += perMs * overlap;
    }
    last.spread += perMs * (Math.min(toMs, last.atMs) - fromMs);
  }

  /** Tokens per second, or `undefined` when too little is known. */
  rate(nowMs: number): number | undefined {
    if (this.#last === undefined || nowMs - this.#last.atMs >= this.#staleMs) return undefined;
    this.#dropOld(nowMs);
    let tokens = 0;
    let knownMs = 0;
    for (const interval of this.#intervals) {
      tokens += interval.tokens;
      knownMs += interval.endMs - interval.startMs;
    }
    return knownMs >= this.#enoughMs ? (tokens * 1000) / knownMs : undefined;
  }

  #dropOld(nowMs: number): void {
    const firstKept = this.#intervals.findIndex((interval) => interval.endMs > nowMs - this.#windowMs);
    if (firstKept === -1) this.#intervals.length = 0;
    else this.#intervals.splice(0, firstKept);
  }
}
