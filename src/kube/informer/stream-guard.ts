import { KubeError } from '../rest/kube-error.ts';
import type { Clock } from '../time/clock.ts';

/** Ends a stream for the caller's reason, or because it takes too long or has fallen silent. `end` must be called. */
export class StreamGuard {
  readonly #controller = new AbortController();
  readonly #caller: AbortSignal;
  readonly #clock: Clock;
  readonly #name: string;
  readonly #follow = (): void => this.#controller.abort(this.#caller.reason);
  #cancelLimit = (): void => undefined;
  #cancelSilence = (): void => undefined;
  #lastByteMs = 0;

  constructor(caller: AbortSignal, clock: Clock, name: string) {
    this.#caller = caller;
    this.#clock = clock;
    this.#name = name;
    if (caller.aborted) this.#follow();
    caller.addEventListener('abort', this.#follow, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** From now on the stream may last so long. */
  limit(afterMs: number, why: string): void {
    this.#cancelLimit = this.#clock.after(afterMs, () => this.#fail(why));
  }

  /** From now on something must come at least so often. */
  watchSilence(limitMs: number): void {
    this.alive();
    // One timer that looks back, instead of one set anew for every chunk.
    const look = (): void => {
      const leftMs = this.#lastByteMs + limitMs - this.#clock.monotonicMs();
      if (leftMs <= 0) this.#fail(`nothing came for ${limitMs / 1_000} s`);
      else this.#cancelSilence = this.#clock.after(leftMs, look);
    };
    look();
  }

  /** Something came. */
  alive(): void {
    this.#lastByteMs = this.#clock.monotonicMs();
  }

  end(): void {
    this.#cancelLimit();
    this.#cancelSilence();
    this.#caller.removeEventListener('abort', this.#follow);
  }

  #fail(why: string): void {
    this.#controller.abort(new KubeError(`${this.#name}: ${why}`, { reason: 'DeadlineExceeded' }));
  }
}
