import type { Refusal } from '../decision.ts';

/** Why something does not fit, with the numbers behind it. */
export interface Misfit {
  readonly reason: Refusal;
  readonly detail: string;
}

/** What was found on one kind of device of a node. */
export interface DeviceFit {
  readonly misfit: Misfit | undefined;
  /** Misfits in memory that `fit: Warn` let pass. */
  readonly warnings: readonly string[];
}
