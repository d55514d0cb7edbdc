import type { BenchmarkRecord } from '../api/record.ts';

/** What says that something disturbed the measurement from outside, so that the next one may give another number. */
const DISTURBED = new Set(['contended', 'throttled']);

/**
 * Whether a newly made record takes the place of the one that is kept for the same model and class.
 *
 * A failure never hides a number that was measured, and a number taken on a busy or hot device does not replace a clean
 * one. That holds while the clean one still describes what runs now; a stale one gives way to anything newer.
 *
 * @param keptIsStale whether `staleReasons` found any in the kept record
 */
export function replaces(made: BenchmarkRecord, kept: BenchmarkRecord | undefined, keptIsStale: boolean): boolean {
  if (kept === undefined || kept.outcome === 'failed') return true;
  if (made.outcome === 'failed') return false;
  return keptIsStale || !isDisturbed(made) || isDisturbed(kept);
}

function isDisturbed(record: BenchmarkRecord): boolean {
  return record.outcome === 'measured' && record.flags.some((flag) => DISTURBED.has(flag));
}

/** Waits after failures in a row, in minutes. A device that is broken is not asked for ever. */
const FIRST_WAIT_MINUTES = 1;
const LONGEST_WAIT_MINUTES = 360;

/**
 * When a failed measurement may be tried again, in wall-clock milliseconds: after 1, 2, 4 … minutes, at most six hours.
 *
 * @param failures in a row, this one included
 */
export function retryAfterMs(failedAtMs: number, failures: number): number {
  const doublings = Math.max(0, failures - 1);
  return failedAtMs + 60_000 * Math.min(LONGEST_WAIT_MINUTES, FIRST_WAIT_MINUTES * 2 ** doublings);
}
