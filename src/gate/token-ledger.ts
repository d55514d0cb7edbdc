/**
 * One running total from two incomplete views: what the answers through the gate say (`add`), and what the engine's own
 * counter says (`engineSample`), which knows aborted answers but may move only when a request ends.
 *
 * While requests run the larger view wins, for both are lower bounds. While the engine rests both views are about the same
 * requests, and are made equal. The total never falls: a correction downwards is worked off by what comes next.
 */
export class TokenLedger {
  #answered = 0;
  #exported = 0;
  /** The counter's last value, and what to add to it to compare it with `answered`. */
  #engine: { readonly value: number; readonly offset: number } | undefined;

  get total(): number {
    return this.#exported;
  }

  /** Tokens an answer reported; negative to take back what was counted too much. */
  add(tokens: number): void {
    this.#answered += tokens;
    this.#raise(this.#answered);
  }

  /**
   * @param value tokens generated since the engine started; anything but a number ≥ 0 is a gap
   * @param resting whether no request ran from before the engine was asked until now
   */
  engineSample(value: number | undefined, resting: boolean): void {
    if (value === undefined || !Number.isFinite(value) || value < 0) return;
    const last = this.#engine;
    // The first sample only tells where the counter stands; a fall tells that the engine was started again.
    const offset = last === undefined ? this.#answered - value : last.offset + (value < last.value ? last.value : 0);
    const seen = value + offset;
    if (resting && seen < this.#answered) {
      this.#engine = { value, offset: this.#answered - value };
      return;
    }
    this.#engine = { value, offset };
    if (resting) this.#answered = seen;
    this.#raise(seen);
  }

  #raise(to: number): void {
    this.#exported = Math.max(this.#exported, to);
  }
}
