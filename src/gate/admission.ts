/** Why a request may not go to the engine. */
export type AdmissionProblem = 'queue-full' | 'waited-too-long' | 'closing';

interface Waiting {
  readonly admit: () => void;
  readonly refuse: (problem: AdmissionProblem) => void;
}

/** A bounded number of places and a bounded, first-come queue before them. */
export class Admission {
  readonly #places: number;
  readonly #mostWaiting: number;
  readonly #waitMs: number;
  readonly #waiting = new Set<Waiting>();
  #inFlight = 0;

  constructor(places: number, mostWaiting: number, waitMs: number) {
    this.#places = places;
    this.#mostWaiting = mostWaiting;
    this.#waitMs = waitMs;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Takes a place, after a wait if need be: a function that gives it back, to be called once, or the problem. */
  async enter(signal: AbortSignal): Promise<(() => void) | AdmissionProblem> {
    if (this.#inFlight >= this.#places) {
      if (this.#waiting.size >= this.#mostWaiting) return 'queue-full';
      const problem = await this.#wait(signal);
      if (problem !== undefined) return problem;
    } else {
      this.#inFlight += 1;
    }
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.#leave();
    };
  }

  /** Refuses everyone who waits. */
  close(): void {
    for (const each of this.#waiting) each.refuse('closing');
  }

  #wait(signal: AbortSignal): Promise<AdmissionProblem | undefined> {
    return new Promise((resolve) => {
      const settle = (problem: AdmissionProblem | undefined) => {
        this.#waiting.delete(waiting);
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
        resolve(problem);
      };
      const onAbort = () => settle('closing');
      const waiting: Waiting = { admit: () => settle(undefined), refuse: settle };
      const timer = setTimeout(() => settle('waited-too-long'), this.#waitMs);
      this.#waiting.add(waiting);
      if (signal.aborted) onAbort();
      else signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  /** The place goes straight to the next in line, so that nobody slips in between. */
  #leave(): void {
    const [next] = this.#waiting;
    if (next === undefined) this.#inFlight -= 1;
    else next.admit();
  }
}
