import { median, medianAbsoluteDeviation } from './statistics.ts';

/** Relative spread, or steady fall, above which a series is not yet believed. */
const MAX_RELATIVE_MAD = 0.05;
const MAX_FALL = 0.05;

export interface Limits {
  readonly iterations: number;
  readonly maxMs: number;
}

/** Whether measuring stops: M runs or N seconds, whichever is first, asked only between runs and never before one. */
export function isEnough(runs: number, elapsedMs: number, limits: Limits): boolean {
  return runs >= 1 && (runs >= limits.iterations || elapsedMs >= limits.maxMs);
}

/** Whether the rates scatter, or fall from first to last as a device does that gets too hot. */
export function isUnsettled(rates: readonly number[]): boolean {
  if (rates.length < 3) return false;
  if (medianAbsoluteDeviation(rates) / median(rates) > MAX_RELATIVE_MAD) return true;
  const [first] = rates;
  const last = rates.at(-1);
  const falls = rates.every((rate, index) => index === 0 || rate <= (rates[index - 1] ?? 0));
  return falls && first !== undefined && last !== undefined && (first - last) / first > MAX_FALL;
}
