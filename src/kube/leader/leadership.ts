import type { Clock } from '../time/clock.ts';

/** A former leader wanted to do what only the leader may. */
export class LeadershipLostError extends Error {
  override readonly name = 'LeadershipLostError';
}

/** What the leader has while it leads. */
export interface Leadership {
  readonly identity: string;
  /** The lease's transitions: greater than those of every leader before. */
  readonly transitions: number;
  /** Aborts when leadership ends, for whatever reason. */
  readonly signal: AbortSignal;
  /**
   * Whether this process may still act as leader. Goes by the clock, not by timers: it is right even in the first
   * moment after the process was stopped and continued, when no timer has fired yet.
   */
  readonly holds: () => boolean;
}

/** One term as leader, kept up by renewals. */
export class Term implements Leadership {
  readonly identity: string;
  readonly transitions: number;
  readonly #clock: Clock;
  readonly #renewDeadlineMs: number;
  readonly #controller = new AbortController();
  #validUntilMs = 0;
  #cancelExpiry = (): void => undefined;

  /** @param renewedMs when the request that won or renewed the lease was *sent* */
  constructor(identity: string, transitions: number, renewDeadlineMs: number, renewedMs: number, clock: Clock) {
    this.identity = identity;
    this.transitions = transitions;
    this.#renewDeadlineMs = renewDeadlineMs;
    this.#clock = clock;
    this.renewed(renewedMs);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  readonly holds = (): boolean => !this.signal.aborted && this.#clock.monotonicMs() < this.#validUntilMs;

  renewed(renewedMs: number): void {
    this.#validUntilMs = renewedMs + this.#renewDeadlineMs;
    this.#cancelExpiry();
    this.#cancelExpiry = this.#clock.after(this.#validUntilMs - this.#clock.monotonicMs(), () =>
      this.end('the lease could not be renewed in time'),
    );
  }

  end(why: string): void {
    this.#cancelExpiry();
    if (!this.signal.aborted) this.#controller.abort(new LeadershipLostError(`${this.identity}: ${why}`));
  }
}
