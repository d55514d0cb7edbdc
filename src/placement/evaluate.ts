import type { ScoreWeights } from '../api/manifest.ts';
import type { Fits, Refused } from './decision.ts';
import { fitNode } from './fit/fit.ts';
import { floorMisfit } from './fit/floor.ts';
import type { Requirement } from './requirement.ts';
import { replicaCost } from './score/cost.ts';
import { type FleetScale, fleetScale } from './score/fleet-scale.ts';
import { termsOf } from './score/terms.ts';
import { expectedLoad } from './score/utilization.ts';
import { normalizeWeights } from './score/weights.ts';
import type { FleetSnapshot, NodeFacts } from './snapshot.ts';

/** A node that fits, before it is compared with others. */
export type Candidate = Omit<Fits, 'step' | 'score'>;

export interface Evaluation {
  /** By name. Of two nodes with one name the first counts. */
  readonly fitting: ReadonlyMap<string, Candidate>;
  readonly refused: ReadonlyMap<string, Refused>;
  readonly scale: FleetScale;
}

/**
 * Judges every node of a snapshot for one replica, each by itself.
 *
 * @throws RangeError for weights that are negative, not finite or all zero; see `weightsProblem`
 */
export function evaluate(requirement: Requirement, snapshot: FleetSnapshot): Evaluation {
  const weights = normalizeWeights(requirement.weights);
  const scale = fleetScale(requirement, snapshot);
  const fitting = new Map<string, Candidate>();
  const refused = new Map<string, Refused>();
  for (const node of snapshot.nodes) {
    if (fitting.has(node.name) || refused.has(node.name)) continue;
    const verdict = judge(requirement, node, scale, weights);
    if (verdict.fits) fitting.set(node.name, verdict);
    else refused.set(node.name, verdict);
  }
  return { fitting, refused, scale };
}

function judge(
  requirement: Requirement,
  node: NodeFacts,
  scale: FleetScale,
  weights: ScoreWeights,
): Candidate | Refused {
  const floor = requirement.minTokensPerSecond;
  const fit = fitNode(requirement, node, (deviceClass) => floorMisfit(floor, scale.rateOf(deviceClass)));
  if (!fit.fits) return { node: node.name, fits: false, reason: fit.reason, detail: fit.detail };
  const { on, deviceClass, warnings } = fit;
  const speed = scale.rateOf(deviceClass);
  const costPerHour = replicaCost(requirement, node, on);
  const load = expectedLoad(requirement, node, on, scale.load);
  const terms = termsOf({ speed, load, costPerHour }, scale, weights);
  const known = { node: node.name, fits: true, on, deviceClass, speed, terms, warnings } as const;
  return costPerHour === undefined ? known : { ...known, costPerHour };
}
