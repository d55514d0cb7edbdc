import { isUsable } from '../fit/gpu-fit.ts';
import type { Requirement } from '../requirement.ts';
import type { NodeFacts } from '../snapshot.ts';

/** Readings come every 30 s; up to three of them may be missing before a value loses credit. */
const FRESH_MS = 90_000;
const HALF_LIFE_MS = 120_000;
/** What is assumed where nothing in the fleet is known: neither idle nor busy. */
const NOTHING_KNOWN = 0.5;

export interface Load {
  readonly value: number;
  readonly known: boolean;
  readonly ageMs?: number;
}

/** What the fleet says, for nodes that say nothing. */
export interface FleetLoad {
  readonly mean: number;
  readonly nowMs: number;
}

/** The share of a reading that still counts at an age; a time in the future is a clock that differs, not a fact. */
function freshness(ageMs: number): number {
  if (!(ageMs > FRESH_MS)) return 1;
  return 2 ** (-(ageMs - FRESH_MS) / HALF_LIFE_MS);
}

/** Mean utilisation of the devices with a reading that is not stale. */
export function fleetLoad(nodes: readonly NodeFacts[], nowMs: number): FleetLoad {
  const values: number[] = [];
  for (const node of nodes) {
    if (node.observedAtMs === undefined || freshness(nowMs - node.observedAtMs) < 1) continue;
    for (const gpu of node.gpus) if (isRatio(gpu.utilization)) values.push(gpu.utilization);
    if (isRatio(node.cpuUtilization)) values.push(node.cpuUtilization);
  }
  return { mean: values.length === 0 ? NOTHING_KNOWN : meanOf(values), nowMs };
}

/**
 * How busy the devices are that a replica would take, 0 to 1: the last reading, which decays towards the mean of the fleet
 * as it ages, plus what was placed there since. Of several GPUs these are the least busy ones the replica fits.
 */
export function expectedLoad(requirement: Requirement, node: NodeFacts, on: 'gpu' | 'cpu', fleet: FleetLoad): Load {
  const pending = isRatio(node.pendingLoad) ? node.pendingLoad : 0;
  const reading = on === 'cpu' ? node.cpuUtilization : gpuReading(requirement, node, fleet.mean);
  // A reading without a time may be of any age.
  if (!isRatio(reading) || node.observedAtMs === undefined) {
    return { value: Math.min(1, fleet.mean + pending), known: false };
  }
  const ageMs = Math.max(0, fleet.nowMs - node.observedAtMs);
  const share = freshness(ageMs);
  return { value: Math.min(1, share * reading + (1 - share) * fleet.mean + pending), known: true, ageMs };
}

function gpuReading(requirement: Requirement, node: NodeFacts, mean: number): number | undefined {
  const [first, ...others] = node.gpus;
  if (others.length === 0) return first?.utilization;
  if (!node.gpus.some((gpu) => isRatio(gpu.utilization))) return undefined;
  const fitting = node.gpus.filter((gpu) => isUsable(gpu, requirement.vramMiBPerGpu));
  const gpus = fitting.length >= requirement.gpus ? fitting : node.gpus;
  const loads = gpus.map(({ utilization }) => (isRatio(utilization) ? utilization : mean)).toSorted((a, b) => a - b);
  return meanOf(loads.slice(0, Math.max(1, requirement.gpus)));
}

/** Summed in order of size: the order of the nodes must not change the last digit. */
function meanOf(values: readonly number[]): number {
  return (
    Float64Array.from(values)
      .toSorted()
      .reduce((sum, value) => sum + value, 0) / values.length
  );
}

function isRatio(value: number | undefined): value is number {
  return value !== undefined && value >= 0 && value <= 1;
}
