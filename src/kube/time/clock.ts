/** The time and the timers, as an argument: production passes `systemClock`, tests one that they turn by hand. */
export interface Clock {
  /** Milliseconds that never go back, also when somebody sets the system's clock; only differences have a meaning. */
  readonly monotonicMs: () => number;
  /** Milliseconds since 1970, for timestamps that people and other machines read. It may jump; decide nothing by it. */
  readonly wallMs: () => number;
  /** Calls `callback` once, `delayMs` from now; the returned function cancels that. */
  readonly after: (delayMs: number, callback: () => void) => () => void;
}

/** A number in [0, 1), as `Math.random`. */
export type Random = () => number;

/** The longest delay Node's timers take; a longer one would fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, Math.min(delayMs, LONGEST_TIMER_MS));
    return () => clearTimeout(timer);
  },
};

/** Resolves after `delayMs`, or rejects with the signal's reason as soon as that aborts. */
export function sleep(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason);
      return;
    }
    const cancelled = () => {
      cancel();
      reject(signal.reason);
    };
    const cancel = clock.after(delayMs, () => {
      signal.removeEventListener('abort', cancelled);
      resolve();
    });
    signal.addEventListener('abort', cancelled, { once: true });
  });
}
