import type { Fits } from '../decision.ts';
import type { Candidate } from '../evaluate.ts';
import type { Comparison } from './objective.ts';
import { type Confidence, rankSteps } from './steps.ts';

interface Ranked {
  readonly node: string;
  readonly candidate: Candidate;
  readonly worth: number;
  readonly confidence: Confidence;
}

/** All nodes that fit, sorted once; any selection of them is then ranked in one pass. */
export class Ranking {
  readonly #sorted: readonly Ranked[];
  readonly #comparison: Comparison;

  constructor(candidates: readonly Candidate[], comparison: Comparison) {
    this.#comparison = comparison;
    this.#sorted = candidates
      .map((candidate) => ({
        node: candidate.node,
        candidate,
        worth: comparison.worth(candidate),
        confidence: comparison.confidence(candidate),
      }))
      .sort((a, b) => b.worth - a.worth || byName(a.node, b.node));
  }

  /** The nodes asked about, best first; in one step what was measured comes first. */
  of(names: ReadonlySet<string>): readonly Fits[] {
    const selected = this.#select(names);
    const steps = this.#stepsOf(selected);
    // Costs have no natural unit: the best there is scores 1.
    const unit = this.#comparison.criterion === 'speed' ? 1 : (this.#sorted[0]?.worth ?? 1);
    return selected
      .map(({ candidate, worth }, index): Fits => ({ ...candidate, score: worth / unit, step: steps[index] ?? 0 }))
      .sort((a, b) => b.step - a.step || Number(isMeasured(b)) - Number(isMeasured(a)));
  }

  steps(names: ReadonlySet<string>): ReadonlyMap<string, number> {
    const selected = this.#select(names);
    const steps = this.#stepsOf(selected);
    return new Map(selected.map(({ node }, index) => [node, steps[index] ?? 0]));
  }

  #select(names: ReadonlySet<string>): readonly Ranked[] {
    return this.#sorted.filter(({ node }) => names.has(node));
  }

  #stepsOf(selected: readonly Ranked[]): readonly number[] {
    return rankSteps(
      selected,
      ({ confidence }) => confidence,
      (best, other) => this.#comparison.tied(best.worth, other.worth),
    );
  }
}

function isMeasured({ speed }: Fits): boolean {
  return speed.source === 'measured';
}

/** By code units: the same everywhere, whatever the language of the machine. */
function byName(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
