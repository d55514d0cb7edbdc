/** What a machine has. Every reading is optional: what could not be read is absent, never zero. */

export type GpuVendorName = 'NVIDIA' | 'AMD';
export type GpuHealth = 'ok' | 'degraded' | 'lost' | 'unknown';
export type MemoryType = 'dedicated' | 'unified' | 'carveout' | 'unknown';

/** Why something is missing or odd. `reason` comes from a closed list per source, `detail` is for people. */
export interface HardwareProblem {
  readonly source: 'pci' | 'nvidia' | 'amd' | 'cpu' | 'memory';
  readonly reason: string;
  readonly detail: string;
  /** PCI address of the device concerned. */
  readonly device?: string;
}

/** Fast-moving values of one GPU. */
export interface GpuReadings {
  readonly temperatureCelsius?: number;
  /** 0 to 1. */
  readonly utilization?: number;
  readonly memoryUsedMiB?: number;
  readonly memoryFreeMiB?: number;
  readonly powerWatts?: number;
  readonly powerLimitWatts?: number;
  readonly smClockMHz?: number;
  /** The driver's own words for why clocks are held down; empty when they are not. */
  readonly throttleReasons?: readonly string[];
}

export interface GpuDevice {
  /** Position in PCI-address order over all expected GPUs, so that a lost GPU renumbers nobody. */
  readonly index: number;
  readonly vendor: GpuVendorName;
  /** PCI address `0000:01:00.0`, lower case, four-digit domain where it fits. */
  readonly pciAddress: string;
  readonly pciDeviceId: string;
  readonly uuid?: string;
  readonly product?: string;
  /** `sm_90`, `gfx1100`. */
  readonly arch?: string;
  /** Memory of the device, or of its smallest part when it is divided; never an APU's or SoC's shared memory. */
  readonly vramMiB?: number;
  readonly memoryType: MemoryType;
  readonly integrated: boolean;
  readonly mig: boolean;
  readonly driverVersion?: string;
  /** Kernel driver bound to the device: `nvidia`, `amdgpu`, `vfio-pci` … */
  readonly kernelDriver?: string;
  /** Parts that the card is divided into, each offered as a device of its own: MIG slices, compute partitions. */
  readonly partitions?: number;
  /** Why nobody here can use the device although it exists: handed to a virtual machine, or without a driver. */
  readonly unusable?: 'passed-through' | 'no-driver';
  readonly health: GpuHealth;
  readonly readings: GpuReadings;
}

/** A program that holds a context on a GPU. */
export interface GpuProcess {
  readonly pciAddress: string;
  /** As the driver counts it: another container's process may carry the host's number. */
  readonly pid: number;
  readonly name?: string;
  readonly memoryMiB?: number;
}

export interface CpuInventory {
  readonly model: string;
  /** `x86-64`, `arm64` … as Node names the machine's, with x64 spelt out. */
  readonly architecture: string;
  /** `v1` … `v4` on x86-64; the architecture's name elsewhere. */
  readonly level: string;
  /** AVX-512 F, BW, CD, DQ and VL on every logical CPU. */
  readonly avx512: boolean;
  /** Cores this process may really use: affinity and cgroup quota respected; one decimal. */
  readonly allocatableCores: number;
  readonly logicalCpus: number;
}

export interface MemoryInventory {
  /** What this process may use: the cgroup's limit when it is lower than the machine's memory. */
  readonly totalMiB: number;
  readonly availableMiB: number;
}

export interface Inventory {
  readonly cpu: CpuInventory;
  readonly memory: MemoryInventory;
  /** In PCI-address order, unusable ones included (see `health`). */
  readonly gpus: readonly GpuDevice[];
  readonly problems: readonly HardwareProblem[];
}
