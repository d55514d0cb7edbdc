import type { DeviceClass } from '../api/device-class.ts';

/** Why a node was refused: a closed list, in the order in which they are looked at. */
export const REFUSALS = [
  'NodeUnknown',
  'CpuNotAllowed',
  'NoGpu',
  'VendorMismatch',
  'ArchUnsupported',
  'Int4Unsupported',
  'TooFewGpus',
  'VramCapacityTooSmall',
  'GpuUnhealthy',
  'VramFreeTooSmall',
  'SpeedUnknown',
  'SpeedFloorUnmet',
] as const;
export type Refusal = (typeof REFUSALS)[number];

/** Where an expected rate comes from, best first. */
export const RATE_SOURCES = ['measured', 'scaled', 'ratio', 'roofline', 'neutral'] as const;
export type RateSource = (typeof RATE_SOURCES)[number];

/** Expected decode rate of one replica. `tokensPerSecond` is absent for `neutral`: nothing is known. */
export interface RatedSpeed {
  readonly source: RateSource;
  readonly tokensPerSecond?: number;
  readonly low?: number;
  readonly high?: number;
  readonly samples?: number;
  readonly measuredAtMs?: number;
  readonly stale?: boolean;
}

/** One term of the score: its value in 0…1 and what it adds (weight times value, with its sign). */
export interface Term {
  readonly value: number;
  readonly share: number;
  /** Whether the value was known, or stood in for. */
  readonly known: boolean;
  /** Age of the reading behind it. */
  readonly ageMs?: number;
}

export interface Fits {
  readonly node: string;
  readonly fits: true;
  readonly on: 'gpu' | 'cpu';
  readonly deviceClass: DeviceClass | undefined;
  readonly speed: RatedSpeed;
  /** Greater is better: the weighted sum under `Throughput`; under `Cost` the lowest cost there is, divided by its own. */
  readonly score: number;
  /** Of one replica; absent: unknown. */
  readonly costPerHour?: number;
  readonly terms: { readonly tps: Term; readonly util: Term; readonly cost: Term };
  /** Rank step 0…10; 10 is best. */
  readonly step: number;
  /** Things a person should know, such as a model that does not fit under `fit: Warn`. */
  readonly warnings: readonly string[];
}

export interface Refused {
  readonly node: string;
  readonly fits: false;
  readonly reason: Refusal;
  /** Numbers behind the reason, for people: `needs 6000 MiB, has 4096 MiB`. */
  readonly detail: string;
}

export type Verdict = Fits | Refused;

/** The answer for one replica: a verdict for every node asked about, in the order asked. */
export interface Decision {
  readonly verdicts: readonly Verdict[];
  /** Best first, ties in a stable order by name; empty when nothing fits. */
  readonly ranking: readonly Fits[];
  readonly best: Fits | undefined;
  /** One sentence: why the best one, or why none. */
  readonly why: string;
  /** The moment of the snapshot, for the ages of what was read. */
  readonly atMs: number;
}
