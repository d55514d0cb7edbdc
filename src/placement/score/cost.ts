import type { Requirement } from '../requirement.ts';
import type { NodeFacts } from '../snapshot.ts';

/** A greater price per device and hour is a slip of the keyboard. */
const MAX_COST_PER_HOUR = 1000;

/** Cost per hour of the devices one replica takes; `undefined` when unknown or not to be believed. */
export function replicaCost({ gpus }: Requirement, node: NodeFacts, on: 'gpu' | 'cpu'): number | undefined {
  const { costPerHour } = node;
  if (costPerHour === undefined || !(costPerHour >= 0 && costPerHour <= MAX_COST_PER_HOUR)) return undefined;
  return on === 'gpu' ? costPerHour * gpus : costPerHour;
}

/** The known costs of one replica over a fleet. */
export interface FleetCosts {
  readonly highest: number;
  readonly median: number;
}

/** `undefined` when no node has a cost: then it plays no part. */
export function fleetCosts(requirement: Requirement, nodes: readonly NodeFacts[]): FleetCosts | undefined {
  const costs = nodes.map((node) => replicaCost(requirement, node, node.gpus.length > 0 ? 'gpu' : 'cpu'));
  const known = Float64Array.from(costs.filter((cost) => cost !== undefined)).toSorted();
  const highest = known.at(-1);
  const upper = known[Math.floor(known.length / 2)];
  const lower = known[Math.ceil(known.length / 2) - 1];
  if (highest === undefined || upper === undefined || lower === undefined) return undefined;
  return { highest, median: (lower + upper) / 2 };
}
