import type { Logger } from '../runtime/logger.ts';
import type { ReportedProblem } from './report.ts';

/** Tells of a problem when it comes and when it goes, not every half minute. */
export class ProblemLog {
  readonly #log: Logger;
  #known: ReadonlyMap<string, ReportedProblem> = new Map();

  constructor(log: Logger) {
    this.#log = log;
  }

  tell(problems: readonly ReportedProblem[]): void {
    const now = new Map(problems.map((problem) => [keyOf(problem), problem]));
    for (const [key, problem] of now) if (!this.#known.has(key)) this.#log.warn({ ...problem }, 'hardware problem');
    for (const [key, { source, reason, device }] of this.#known) {
      if (!now.has(key)) this.#log.info({ source, reason, device }, 'hardware problem is gone');
    }
    this.#known = now;
  }
}

function keyOf({ source, reason, device = '' }: ReportedProblem): string {
  return `${source} ${reason} ${device}`;
}
