import type { DeviceClass } from '../api/device-class.ts';
import type { GpuVendor } from '../api/manifest.ts';

/** Everything placement knows, at one moment. It never changes: a new fact makes a new snapshot. */

/** One GPU that a replica could take. Memory in MiB; what is unknown is absent. */
export interface GpuFacts {
  readonly totalMiB?: number;
  readonly freeMiB?: number;
  /** 0 to 1, at `observedAtMs` of the node. */
  readonly utilization?: number;
  readonly healthy: boolean;
}

/** A node of a cluster, or on one machine a device of it. */
export interface NodeFacts {
  readonly name: string;
  /** Class of its GPUs; absent without usable ones, or when their class is unknown. */
  readonly gpuClass?: DeviceClass;
  readonly gpuVendor?: GpuVendor;
  readonly gpuArch?: string;
  /** Whether 4-bit kernels exist for its GPUs in the families that need them; absent: unknown. */
  readonly gpuInt4?: boolean;
  /** Kernel families its GPUs have, such as `gguf`, `awq`; absent: unknown. */
  readonly gpuKernels?: readonly string[];
  readonly gpus: readonly GpuFacts[];
  /** Class of running on its CPU; absent: CPU placement is not offered here. */
  readonly cpuClass?: DeviceClass;
  /** Host memory a CPU replica could take. */
  readonly cpuFreeMiB?: number;
  readonly cpuTotalMiB?: number;
  /** 0 to 1. */
  readonly cpuUtilization?: number;
  /** Expected utilisation, 0 to 1, of replicas placed here since the readings; they do not show in them yet. */
  readonly pendingLoad?: number;
  /** When utilisation and free memory were read, on the clock of {@link FleetSnapshot.nowMs}. */
  readonly observedAtMs?: number;
  /** Per GPU and hour, or per CPU replica and hour; absent: unknown. */
  readonly costPerHour?: number;
}

/** A measured speed of one model on one class. */
export interface MeasuredSpeed {
  readonly tokensPerSecond: number;
  /** Absent with fewer than three samples. */
  readonly low?: number;
  readonly high?: number;
  readonly samples: number;
  readonly measuredAtMs: number;
  readonly stale: boolean;
}

/** model hash -> device class -> speed. */
export type SpeedTable = ReadonlyMap<string, ReadonlyMap<DeviceClass, MeasuredSpeed>>;

export interface FleetSnapshot {
  readonly nodes: readonly NodeFacts[];
  readonly speeds: SpeedTable;
  readonly nowMs: number;
}
