/**
 * A fixed number of places, given out in the order of asking. What is waiting for one can be told to stop waiting.
 */
export class Slots<Slot> {
  readonly #free: Slot[];
  readonly #waiting: ((slot: Slot) => void)[] = [];

  constructor(slots: readonly Slot[]) {
    this.#free = [...slots];
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /**
   * @param fitness of the free places the one with the highest value is taken
   * @throws the signal's reason when it fires first
   */
  async acquire(signal: AbortSignal, fitness: (slot: Slot) => number): Promise<Slot> {
    signal.throwIfAborted();
    const best = this.#free.toSorted((a, b) => fitness(b) - fitness(a))[0];
    if (best !== undefined) {
      this.#free.splice(this.#free.indexOf(best), 1);
      return best;
    }
    return new Promise((resolve, reject) => {
      const give = (slot: Slot): void => {
        signal.removeEventListener('abort', leave);
        resolve(slot);
      };
      const leave = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(give), 1);
        reject(signal.reason instanceof Error ? signal.reason : new Error('stopped waiting'));
      };
      signal.addEventListener('abort', leave, { once: true });
      this.#waiting.push(give);
    });
  }

  release(slot: Slot): void {
    const next = this.#waiting.shift();
    if (next === undefined) {
      this.#free.push(slot);
    } else {
      next(slot);
    }
  }
}
