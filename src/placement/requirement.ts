import type { GpuVendor, Objective, ScoreWeights } from '../api/manifest.ts';

/** What one replica of a model needs, and what it should be placed for. Absent fields demand nothing. */
export interface Requirement {
  readonly modelHash: string;
  readonly accelerator: 'Any' | 'GPU' | 'CPU';
  /** GPUs per replica. */
  readonly gpus: number;
  /** Memory per GPU. */
  readonly vramMiBPerGpu?: number;
  /** Host memory of a CPU replica. */
  readonly cpuMemoryMiB?: number;
  readonly vendors: readonly GpuVendor[];
  readonly architectures: readonly string[];
  /** Kernel families of which the GPU must have one; empty: no demand. */
  readonly kernels: readonly string[];
  /** Whether the engine needs 4-bit kernels for this model's quantisation. */
  readonly int4: boolean;
  readonly fit: 'Enforce' | 'Warn';
  readonly objective: Objective;
  readonly minTokensPerSecond?: number;
  readonly weights: ScoreWeights;
  /** Bytes read per token, for the roofline estimate where nothing was measured. */
  readonly weightBytes?: number;
  /** The same model with other numbers of GPUs per replica, whose measurements may be scaled. */
  readonly otherCounts?: readonly { readonly modelHash: string; readonly gpus: number }[];
}

/** The weights of the score when nobody says otherwise. */
export const DEFAULT_WEIGHTS: ScoreWeights = { tps: 0.7, util: 0.2, cost: 0.1 };
