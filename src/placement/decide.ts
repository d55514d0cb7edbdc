import type { Decision, Refused } from './decision.ts';
import { evaluate } from './evaluate.ts';
import type { Requirement } from './requirement.ts';
import { comparisonFor } from './score/objective.ts';
import { Ranking } from './score/ranking.ts';
import type { FleetSnapshot } from './snapshot.ts';
import { explainChoice } from './why.ts';

/**
 * Chooses where one replica of a model runs.
 *
 * @param names the nodes in question, all of the snapshot by default; a name that is not in it is refused as `NodeUnknown`,
 *   and one that is given twice is answered once
 * @throws RangeError for weights that are negative, not finite or all zero; see `weightsProblem`
 */
export function decide(requirement: Requirement, snapshot: FleetSnapshot, names?: readonly string[]): Decision {
  return prepare(requirement, snapshot).decide(names);
}

/** Answers for one requirement and one snapshot, for whatever nodes are asked about. */
export interface Placer {
  readonly decide: (names?: readonly string[]) => Decision;
  /** Why a node is refused; `undefined` for one that fits. One look-up. */
  readonly refusal: (name: string) => Refused | undefined;
  /** The rank steps 0…10 of the nodes asked about that fit, without the words of a decision. */
  readonly steps: (names: readonly string[]) => ReadonlyMap<string, number>;
}

/**
 * Does everything that does not depend on the names, so that a request is little more than a loop over them. Valid as long
 * as the snapshot is.
 *
 * @throws RangeError as {@link decide} does
 */
export function prepare(requirement: Requirement, snapshot: FleetSnapshot): Placer {
  const { fitting, refused, scale } = evaluate(requirement, snapshot);
  const comparison = comparisonFor(requirement, scale);
  let sorted: Ranking | undefined;
  const ranking = (): Ranking => {
    sorted ??= new Ranking([...fitting.values()], comparison);
    return sorted;
  };
  const refusal = (node: string): Refused | undefined =>
    refused.get(node) ?? (fitting.has(node) ? undefined : { node, fits: false, ...UNKNOWN_NODE });
  return {
    refusal,
    steps: (names) => ranking().steps(new Set(names)),
    decide: (names = snapshot.nodes.map(({ name }) => name)) => {
      const asked = new Set(names);
      const ranked = ranking().of(asked);
      const byName = new Map(ranked.map((each) => [each.node, each]));
      const verdicts = [...asked].flatMap((name) => byName.get(name) ?? refusal(name) ?? []);
      const why = explainChoice(comparison.criterion, ranked, verdicts);
      return { verdicts, ranking: ranked, best: ranked[0], why, atMs: snapshot.nowMs };
    },
  };
}

const UNKNOWN_NODE = { reason: 'NodeUnknown', detail: 'nothing is known of it' } as const;
