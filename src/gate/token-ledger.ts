/**
 * One running total from two incomplete views: what the answers through the gate say (`add`), and what the engine's own
 * counter says (`engineSample`), which knows aborted answers but may move only when a request ends, or a moment later.
 *
 * While requests run the larger view wins, for both are lower bounds. While the engine rests its counter is right. The total
 * never falls: a correction downwards is worked off by what comes next.
 */
export class TokenLedger {
  #answered = 0;
  #exported = 0;
  /** The counter's last value, and what to add to it to compare it with `answered`. */
  #engine: { readonly value: number; readonly offset: number } | undefined;
  /** The engine was started again since it last rested. */
  #lostSome = false;

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
    const restarted = last !== undefined && value < last.value;
    // The first sample only tells where the counter stands; a fall tells that the engine was started again.
    let offset = last === undefined ? this.#answered - value : last.offset + (restarted ? last.value : 0);
    this.#lostSome ||= restarted;
    if (resting) {
      // What was answered between the last sample and the end of the old process only the answers know.
      if (this.#lostSome) offset = Math.max(offset, this.#answered - value);
      this.#lostSome = false;
      this.#answered = value + offset;
    }
    this.#engine = { value, offset };
    this.#raise(value + offset);
  }

  #raise(to: number): void {
    this.#exported = Math.max(this.#exported, to);
  }
}
