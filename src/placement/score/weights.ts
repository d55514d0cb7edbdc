import type { ScoreWeights } from '../../api/manifest.ts';

/** What is wrong with weights, in words for people; `undefined` when they can be used. */
export function weightsProblem(weights: ScoreWeights): string | undefined {
  for (const [name, weight] of entries(weights)) {
    if (!Number.isFinite(weight)) return `the weight ${name} is ${weight}, not a finite number`;
    if (weight < 0) return `the weight ${name} is ${weight}, which is negative`;
  }
  return entries(weights).every(([, weight]) => weight === 0)
    ? 'the weights tps, util and cost are all zero'
    : undefined;
}

/**
 * The same preferences with a sum of 1, so that the tie tolerance of the score means the same for 7, 2, 1 as for 0.7, 0.2,
 * 0.1.
 *
 * @throws RangeError for weights in which {@link weightsProblem} finds a problem
 */
export function normalizeWeights(weights: ScoreWeights): ScoreWeights {
  const problem = weightsProblem(weights);
  if (problem !== undefined) throw new RangeError(problem);
  // Divided by the greatest first: the sum of huge weights would be infinite.
  const greatest = Math.max(weights.tps, weights.util, weights.cost);
  const [tps, util, cost] = [weights.tps / greatest, weights.util / greatest, weights.cost / greatest];
  const sum = tps + util + cost;
  return { tps: tps / sum, util: util / sum, cost: cost / sum };
}

function entries({ tps, util, cost }: ScoreWeights): readonly (readonly [string, number])[] {
  return [
    ['tps', tps],
    ['util', util],
    ['cost', cost],
  ];
}
