/** The time, as an argument: production passes the system's clock, tests one they can turn. */
export interface Clock {
  /** Monotonic milliseconds; only differences have a meaning. */
  readonly monotonicMs: () => number;
  /** Wall-clock time in milliseconds since 1970, for what people and records read. */
  readonly wallMs: () => number;
}
