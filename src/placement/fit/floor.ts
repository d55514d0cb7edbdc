import type { RatedSpeed } from '../decision.ts';
import type { Misfit } from './misfit.ts';

/**
 * Holds a speed against a floor. What counts is the lower bound of the measurement; an estimate, or a measurement of too
 * few samples to have a bound, proves nothing.
 */
export function floorMisfit(floor: number | undefined, speed: RatedSpeed): Misfit | undefined {
  if (floor === undefined) return undefined;
  const needs = `needs ${floor} tokens/s`;
  if (speed.source !== 'measured') return { reason: 'SpeedUnknown', detail: `${needs}, nothing is measured` };
  if (speed.low === undefined) {
    return { reason: 'SpeedUnknown', detail: `${needs}, ${speed.samples ?? 0} samples prove no lower bound` };
  }
  return speed.low >= floor
    ? undefined
    : { reason: 'SpeedFloorUnmet', detail: `${needs}, has at least ${speed.low.toFixed(1)}` };
}
