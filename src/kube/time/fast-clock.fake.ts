import { type Clock, systemClock } from './clock.ts';

/** A clock for tests with real sockets on which time passes `factor` times as fast. Not a real clock. */
export function fastClock(factor: number): Clock {
  return {
    monotonicMs: () => systemClock.monotonicMs() * factor,
    wallMs: systemClock.wallMs,
    after: (delayMs, callback) => systemClock.after(delayMs / factor, callback),
  };
}
