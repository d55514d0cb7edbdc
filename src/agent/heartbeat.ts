import type { Clock } from '../api/clock.ts';
import type { Cycle } from './cycle.ts';

/** Cycles in a row in which a container that could use the driver may be refused it before a restart is asked for. */
const REFUSALS = 5;
/** A cycle is late after so many intervals, and never within a minute: a hanging tool alone takes 12 s. */
const LATE_INTERVALS = 3;
const SOONEST_LATE_MS = 60_000;

/**
 * Whether the agent works. That is about its loop and never about a GPU, with one exception: a driver that answered
 * and now only says "Unknown Error" has taken the devices away from this container, which only a new one cures.
 */
export class Heartbeat {
  readonly #clock: Clock;
  readonly #lateMs: number;
  #beatAtMs: number;
  #cycles = 0;
  #answered = false;
  #refusals = 0;

  constructor(clock: Clock, intervalMs: number) {
    this.#clock = clock;
    this.#lateMs = Math.max(LATE_INTERVALS * intervalMs, SOONEST_LATE_MS);
    this.#beatAtMs = clock.monotonicMs();
  }

  beat(cycle: Cycle): void {
    this.#beatAtMs = this.#clock.monotonicMs();
    this.#cycles += 1;
    if (cycle.seen.gpus.some((gpu) => gpu.vendor === 'NVIDIA' && gpu.health === 'ok')) this.#answered = true;
    const refused = cycle.problems.some((problem) => problem.reason === 'nvml_unknown_error');
    this.#refusals = refused && this.#answered ? this.#refusals + 1 : 0;
  }

  get ready(): boolean {
    return this.#cycles > 0;
  }

  get healthy(): boolean {
    return this.#clock.monotonicMs() - this.#beatAtMs < this.#lateMs && this.#refusals < REFUSALS;
  }
}
