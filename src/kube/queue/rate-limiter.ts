import type { Clock } from '../time/clock.ts';
import { TokenBucket } from '../time/token-bucket.ts';

/** Says how long a key that failed has to wait. */
export interface RateLimiter {
  /** Counts one failure of `key`; how many milliseconds until it may be tried again. */
  readonly when: (key: string) => number;
  /** `key` has succeeded, or is given up: its next failure is its first. */
  readonly forget: (key: string) => void;
  /** Failures of `key` since it was last forgotten. */
  readonly failures: (key: string) => number;
}

/** The first failure of a key costs `firstMs`, each further one twice the one before, up to `maxMs`. */
export function exponentialLimiter(firstMs: number, maxMs: number): RateLimiter {
  const failures = new Map<string, number>();
  return {
    when: (key) => {
      const before = failures.get(key) ?? 0;
      failures.set(key, before + 1);
      return Math.min(maxMs, firstMs * 2 ** before);
    },
    forget: (key) => failures.delete(key),
    failures: (key) => failures.get(key) ?? 0,
  };
}

/**
 * client-go's default for controllers: 5 ms to 1000 s for one key, and for all keys together ten per second with a
 * hundred in reserve. The longer wait counts.
 */
export function defaultRateLimiter(clock: Clock): RateLimiter {
  const perKey = exponentialLimiter(5, 1_000_000);
  const overall = new TokenBucket({ perSecond: 10, burst: 100 }, clock);
  return { ...perKey, when: (key) => Math.max(perKey.when(key), overall.reserve()) };
}
