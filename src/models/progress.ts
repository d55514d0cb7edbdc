import type { PullPhase, PullProgress } from './model.ts';

const TICK_MS = 1000;

/** Tells a listener about a pull: every change of phase, and once a second while bytes move, however many chunks. */
export class ProgressReporter {
  readonly #listener: ((progress: PullProgress) => void) | undefined;
  readonly #monotonicMs: () => number;
  #phase: PullPhase | undefined;
  #lastMs = Number.NEGATIVE_INFINITY;
  #totalBytes: number | undefined;

  constructor(listener: ((progress: PullProgress) => void) | undefined, monotonicMs: () => number) {
    this.#listener = listener;
    this.#monotonicMs = monotonicMs;
  }

  expect(totalBytes: number): void {
    this.#totalBytes = totalBytes;
  }

  phase(phase: PullPhase, doneBytes = 0, file?: string): void {
    if (phase === this.#phase && file === undefined) return;
    this.#phase = phase;
    this.#send(doneBytes, file);
  }

  bytes(doneBytes: number, file: string): void {
    if (this.#monotonicMs() - this.#lastMs >= TICK_MS) this.#send(doneBytes, file);
  }

  #send(doneBytes: number, file: string | undefined): void {
    this.#lastMs = this.#monotonicMs();
    this.#listener?.({
      phase: this.#phase ?? 'resolving',
      doneBytes,
      ...(file !== undefined && { file }),
      ...(this.#totalBytes !== undefined && { totalBytes: this.#totalBytes }),
    });
  }
}
