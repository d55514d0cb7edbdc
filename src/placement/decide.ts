import type { Decision, Fits, Refused, Verdict } from './decision.ts';
import { type Candidate, evaluate } from './evaluate.ts';
import { comparisonFor } from './objective.ts';
import type { Requirement } from './requirement.ts';
import type { FleetSnapshot } from './snapshot.ts';
import { rankSteps } from './steps.ts';
import { explainChoice } from './why.ts';

/**
 * Chooses where one replica of a model runs.
 *
 * @param names the nodes in question, all of the snapshot by default; a name that is not in it is refused as `NodeUnknown`,
 *   and one that is given twice is answered once
 * @throws RangeError for weights that are negative, not finite or all zero; see `weightsProblem`
 */
export function decide(requirement: Requirement, snapshot: FleetSnapshot, names?: readonly string[]): Decision {
  return prepare(requirement, snapshot)(names);
}

/** Answers for one requirement and one snapshot, for whatever nodes are asked about. */
export type PreparedDecision = (names?: readonly string[]) => Decision;

/**
 * Does everything that does not depend on the names, so that a request is little more than a loop over them.
 *
 * @throws RangeError as {@link decide} does
 */
export function prepare(requirement: Requirement, snapshot: FleetSnapshot): PreparedDecision {
  const { nodes, scale } = evaluate(requirement, snapshot);
  const { criterion, worth, tied, confidence } = comparisonFor(requirement, scale);
  const refused = new Map<string, Refused>();
  const fitting = new Map<string, { readonly candidate: Candidate; readonly worth: number }>();
  for (const each of nodes) {
    // A name that two nodes claim belongs to the first.
    if (refused.has(each.node) || fitting.has(each.node)) continue;
    if (each.fits) fitting.set(each.node, { candidate: each, worth: worth(each) });
    else refused.set(each.node, each);
  }
  const sorted = [...fitting.values()].toSorted(
    (a, b) => b.worth - a.worth || byName(a.candidate.node, b.candidate.node),
  );
  const everyName = [...new Set(nodes.map(({ node }) => node))];
  // Costs have no natural unit: the best there is scores 1.
  const unit = criterion === 'speed' ? 1 : (sorted[0]?.worth ?? 1);

  return (names = everyName) => {
    const asked = new Set(names);
    const candidates = sorted.filter(({ candidate }) => asked.has(candidate.node));
    const steps = rankSteps(
      candidates,
      ({ candidate }) => confidence(candidate),
      (best, other) => tied(best.worth, other.worth),
    );
    const ranking = candidates
      .map(
        ({ candidate, worth: value }, index): Fits => ({
          ...candidate,
          score: value / unit,
          step: steps[index] ?? 0,
        }),
      )
      .toSorted((a, b) => b.step - a.step);
    const ranked = new Map(ranking.map((each) => [each.node, each]));
    const verdicts = [...asked].map((node): Verdict => ranked.get(node) ?? refused.get(node) ?? unknownNode(node));
    return {
      verdicts,
      ranking,
      best: ranking[0],
      why: explainChoice(criterion, ranking, verdicts),
      atMs: snapshot.nowMs,
    };
  };
}

function unknownNode(node: string): Refused {
  return { node, fits: false, reason: 'NodeUnknown', detail: 'nothing is known of it' };
}

/** By code units: the same everywhere, whatever the language of the machine. */
function byName(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
