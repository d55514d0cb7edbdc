import type { Candidate } from '../evaluate.ts';
import type { Requirement } from '../requirement.ts';
import type { Criterion } from '../why.ts';
import type { FleetScale } from './fleet-scale.ts';
import type { Confidence } from './steps.ts';
import { weightedSum } from './terms.ts';

/** Scores this close are a tie. */
const TIE_TOLERANCE = 0.02;
/** Stands for a cost of zero, so that ratios of costs have a meaning. */
const NEARLY_FREE = 1e-4;

/** What candidates are compared by for an objective. */
export interface Comparison {
  readonly criterion: Criterion;
  /** Greater is better. */
  readonly worth: (candidate: Candidate) => number;
  readonly tied: (best: number, other: number) => boolean;
  readonly confidence: (candidate: Candidate) => Confidence;
}

/**
 * `Throughput` compares the weighted sum. `Cost` compares cost per hour of the devices used when a floor says how fast is
 * fast enough, else cost per token; ratios, so that cheap nodes are told apart as well as dear ones. Where no node has a
 * cost, it falls back to `Throughput`.
 */
export function comparisonFor(requirement: Requirement, scale: FleetScale): Comparison {
  const { objective, minTokensPerSecond, weights } = requirement;
  if (objective === 'Throughput' || scale.costs === undefined) {
    return {
      criterion: 'speed',
      worth: ({ terms }) => weightedSum(terms),
      tied: (best, other) => best - other <= TIE_TOLERANCE,
      confidence: (candidate) => (weights.tps === 0 ? confidenceIn(candidate, 'measured') : confidenceIn(candidate)),
    };
  }
  const { median } = scale.costs;
  const perHour = ({ costPerHour }: Candidate) => Math.max(NEARLY_FREE, costPerHour ?? median);
  const rate = ({ speed }: Candidate) => speed.tokensPerSecond ?? scale.unknownTps * (scale.fullRate ?? 1);
  return {
    criterion: minTokensPerSecond === undefined ? 'cost-per-token' : 'cost-per-hour',
    worth: (candidate) => (minTokensPerSecond === undefined ? rate(candidate) : 1) / perHour(candidate),
    tied: (best, other) => other >= best * (1 - TIE_TOLERANCE),
    confidence: (candidate) => (candidate.costPerHour === undefined ? 'unknown' : confidenceIn(candidate)),
  };
}

/**
 * @param speedTrust the trust in its speed, where that plays a part
 */
function confidenceIn({ speed, warnings }: Candidate, speedTrust: Confidence = trustIn(speed.source)): Confidence {
  // A model that does not fit runs at another speed than was measured, if at all.
  return warnings.length > 0 ? 'unknown' : speedTrust;
}

function trustIn(source: Candidate['speed']['source']): Confidence {
  if (source === 'measured') return 'measured';
  return source === 'neutral' ? 'unknown' : 'estimated';
}
