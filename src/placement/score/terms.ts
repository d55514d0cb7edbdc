import type { ScoreWeights } from '../../api/manifest.ts';
import type { Fits, RatedSpeed, Term } from '../decision.ts';
import type { FleetCosts } from './cost.ts';
import type { FleetScale } from './fleet-scale.ts';
import type { Load } from './utilization.ts';

/** What is known of one node that fits. */
export interface NodeWorth {
  readonly speed: RatedSpeed;
  readonly load: Load;
  readonly costPerHour: number | undefined;
}

/**
 * The terms of the score, `tps - util - cost`, each 0 to 1 and times its weight.
 *
 * @param weights with a sum of 1
 */
export function termsOf(
  { speed, load, costPerHour }: NodeWorth,
  scale: FleetScale,
  weights: ScoreWeights,
): Fits['terms'] {
  return {
    tps: term(tpsValue(speed, scale), weights.tps, speed.source === 'measured'),
    util: {
      ...term(load.value, -weights.util, load.known),
      ...(load.ageMs === undefined ? {} : { ageMs: load.ageMs }),
    },
    cost: term(costValue(costPerHour, scale.costs), -weights.cost, costPerHour !== undefined),
  };
}

export function weightedSum({ tps, util, cost }: Fits['terms']): number {
  return tps.share + util.share + cost.share;
}

/** An estimate above the best measurement is worth no more than it. */
function tpsValue({ tokensPerSecond }: RatedSpeed, { fullRate, unknownTps }: FleetScale): number {
  if (tokensPerSecond === undefined || fullRate === undefined) return unknownTps;
  return Math.min(1, tokensPerSecond / fullRate);
}

function costValue(cost: number | undefined, costs: FleetCosts | undefined): number {
  if (costs === undefined || costs.highest === 0) return 0;
  return Math.min(1, (cost ?? costs.median) / costs.highest);
}

/** A weight of zero gives a share of zero, not of minus zero. */
function term(value: number, weight: number, known: boolean): Term {
  return { value, share: weight === 0 || value === 0 ? 0 : weight * value, known };
}
