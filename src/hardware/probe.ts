import type { HostFiles } from './host-files.ts';
import type { GpuDevice, GpuProcess, GpuReadings, GpuVendorName, HardwareProblem } from './inventory.ts';
import type { PciGpu } from './pci/pci-gpu.ts';

/** What every probe is given. */
export interface ProbeContext {
  readonly files: HostFiles;
  /** Aborting ends the wait and kills any child; what is known by then is returned. */
  readonly signal?: AbortSignal;
}

/** A finding and what went wrong on the way to it. Probes never throw for odd hardware. */
export interface ProbeResult<T> {
  readonly value: T;
  readonly problems: readonly HardwareProblem[];
}

/** One source of facts about the machine: a thin layer of I/O around pure parsers. */
export interface Probe<T> {
  readonly source: HardwareProblem['source'];
  readonly probe: (context: ProbeContext) => Promise<ProbeResult<T>>;
}

/** A GPU as its vendor's probe describes it; the position among all GPUs is given afterwards. */
export type FoundGpu = Omit<GpuDevice, 'index'>;

/** One GPU vendor. Every implementation passes `gpu-probe.conformance.ts`. */
export interface GpuProbe {
  readonly vendor: GpuVendorName;
  /**
   * Describes the GPUs that the PCI scan expects, each of them exactly once, and those it finds besides.
   *
   * @param expected this vendor's GPUs on the PCI bus
   * @param busReadable false when there was no bus to scan, so that `expected` proves nothing
   */
  readonly describe: (
    context: ProbeContext,
    expected: readonly PciGpu[],
    busReadable: boolean,
  ) => Promise<ProbeResult<readonly FoundGpu[]>>;
  /** Fast-moving values of this moment by PCI address, only for devices of this vendor that answer. */
  readonly read: (
    context: ProbeContext,
    gpus: readonly GpuDevice[],
  ) => Promise<ProbeResult<ReadonlyMap<string, GpuReadings>>>;
  /** Processes that hold memory or a context on this vendor's devices, as far as this process may see them. */
  readonly processes: (
    context: ProbeContext,
    gpus: readonly GpuDevice[],
  ) => Promise<ProbeResult<readonly GpuProcess[]>>;
}
