import { replicaCost } from './cost.ts';
import type { Fits, Refused } from './decision.ts';
import { fitNode } from './fit.ts';
import { type FleetScale, fleetScale } from './fleet-scale.ts';
import { floorMisfit } from './floor.ts';
import type { Requirement } from './requirement.ts';
import type { FleetSnapshot } from './snapshot.ts';
import { termsOf } from './terms.ts';
import { expectedLoad } from './utilization.ts';
import { normalizeWeights } from './weights.ts';

/** A node that fits, before the candidates of a request are known: its step and score depend on the objective and on them. */
export type Candidate = Omit<Fits, 'step' | 'score'>;

export interface Evaluation {
  /** One for each node, in the order of the snapshot. */
  readonly nodes: readonly (Candidate | Refused)[];
  readonly scale: FleetScale;
}

/**
 * Judges every node of a snapshot for one replica.
 *
 * @throws RangeError for weights that are negative, not finite or all zero; see `weightsProblem`
 */
export function evaluate(requirement: Requirement, snapshot: FleetSnapshot): Evaluation {
  const weights = normalizeWeights(requirement.weights);
  const scale = fleetScale(requirement, snapshot);
  const floor = requirement.minTokensPerSecond;
  const nodes = snapshot.nodes.map((node): Candidate | Refused => {
    const fit = fitNode(requirement, node, (deviceClass) => floorMisfit(floor, scale.rateOf(deviceClass)));
    if (!fit.fits) return { node: node.name, fits: false, reason: fit.reason, detail: fit.detail };
    const { on, deviceClass, warnings } = fit;
    const speed = scale.rateOf(deviceClass);
    const costPerHour = replicaCost(requirement, node, on);
    const load = expectedLoad(requirement, node, on, scale.load);
    return {
      node: node.name,
      fits: true,
      on,
      deviceClass,
      speed,
      ...(costPerHour === undefined ? {} : { costPerHour }),
      terms: termsOf({ speed, load, costPerHour }, scale, weights),
      warnings,
    };
  });
  return { nodes, scale };
}
