import type { DeviceClass } from '../../api/device-class.ts';
import type { RatedSpeed } from '../decision.ts';
import { expectedRate } from '../rate/expected-rate.ts';
import type { Requirement } from '../requirement.ts';
import type { FleetSnapshot } from '../snapshot.ts';
import { type FleetCosts, fleetCosts } from './cost.ts';
import { type FleetLoad, fleetLoad } from './utilization.ts';

/** What the whole fleet says about one requirement: the terms of every node are relative to it. */
export interface FleetScale {
  readonly rateOf: (deviceClass: DeviceClass | undefined) => RatedSpeed;
  /** The rate that scores 1: the best measured in the fleet, else the best expected; absent when none is known. */
  readonly fullRate: number | undefined;
  /** The term of a node of which no rate is known, 0 to 1. */
  readonly unknownTps: number;
  readonly costs: FleetCosts | undefined;
  readonly load: FleetLoad;
}

/** Half of the best at most: what is unknown is neither starved nor believed. */
const MOST_FOR_UNKNOWN = 0.5;

/** Only classes that nodes of the fleet have count, so that a record of hardware long gone lowers nobody's score. */
export function fleetScale(requirement: Requirement, { nodes, speeds, nowMs }: FleetSnapshot): FleetScale {
  const rates = new Map<DeviceClass, RatedSpeed>();
  const rateOf = (deviceClass: DeviceClass | undefined): RatedSpeed => {
    if (deviceClass === undefined) return { source: 'neutral' };
    const rate = rates.get(deviceClass) ?? expectedRate(requirement, deviceClass, speeds);
    rates.set(deviceClass, rate);
    return rate;
  };
  for (const { gpuClass, cpuClass } of nodes) {
    if (requirement.accelerator !== 'CPU') rateOf(gpuClass);
    if (requirement.accelerator !== 'GPU') rateOf(cpuClass);
  }
  const known = sortedRates([...rates.values()]);
  const measured = sortedRates([...rates.values()].filter(({ source }) => source === 'measured'));
  const fullRate = measured.at(-1) ?? known.at(-1);
  return {
    rateOf,
    fullRate,
    unknownTps: unknownTps(known, fullRate),
    costs: fleetCosts(requirement, nodes),
    load: fleetLoad(nodes, nowMs),
  };
}

/** The middle of what is known, as a share of the full rate. */
function unknownTps(known: readonly number[], fullRate: number | undefined): number {
  const middle = known[Math.ceil(known.length / 2) - 1];
  if (middle === undefined || fullRate === undefined) return MOST_FOR_UNKNOWN;
  return Math.min(MOST_FOR_UNKNOWN, middle / fullRate);
}

function sortedRates(speeds: readonly RatedSpeed[]): readonly number[] {
  return speeds.flatMap(({ tokensPerSecond }) => tokensPerSecond ?? []).toSorted((a, b) => a - b);
}
