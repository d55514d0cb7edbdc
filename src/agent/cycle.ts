import type { Clock } from '../api/clock.ts';
import { type CpuTimes, cpuUtilization } from '../hardware/cpu/cpu-times.ts';
import { DeviceMemory } from '../hardware/device-memory.ts';
import { failedSources, gpusAreCertain } from '../hardware/failed-sources.ts';
import type { GpuDevice, HardwareProblem, Inventory } from '../hardware/inventory.ts';
import type { Hardware } from '../hardware/probe-hardware.ts';
import { isUsable, usableGpus } from '../hardware/usable-gpus.ts';

/** What one look at the machine has found. */
export interface Cycle {
  /** When it ended. */
  readonly takenAtMs: number;
  /** As seen, nothing added. */
  readonly seen: Inventory;
  /** As things are now, with readings; a GPU that has vanished is still among them for a while, as `lost`. */
  readonly inventory: Inventory;
  /** As they may be relied on; what labels are made of. */
  readonly steady: Inventory;
  readonly cpuUtilization: number | undefined;
  readonly counts: { readonly expected: number; readonly visible: number; readonly usable: number };
  readonly failed: ReadonlySet<HardwareProblem['source']>;
  readonly problems: readonly HardwareProblem[];
}

/** How many intervals the readings of a GPU whose driver does not answer are shown on. */
const STALE_INTERVALS = 2;

/** Looks at the machine again and again and carries over what one look alone cannot know. */
export class Observer {
  readonly #hardware: Pick<Hardware, 'probe' | 'cpuTimes'>;
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #memory = new DeviceMemory();
  readonly #readings = new Map<string, { readonly readings: GpuDevice['readings']; readonly atMs: number }>();
  #cpuTimes: CpuTimes | undefined;

  constructor(hardware: Pick<Hardware, 'probe' | 'cpuTimes'>, clock: Clock, intervalMs: number) {
    this.#hardware = hardware;
    this.#clock = clock;
    this.#intervalMs = intervalMs;
  }

  async look(signal: AbortSignal): Promise<Cycle> {
    const [seen, cpuTimes] = await Promise.all([this.#hardware.probe(signal), this.#hardware.cpuTimes()]);
    const { now, steady } = this.#memory.settle(seen, gpusAreCertain(seen));
    const inventory = { ...now, gpus: now.gpus.map((gpu) => this.#withReadings(gpu)) };
    const before = this.#cpuTimes;
    this.#cpuTimes = cpuTimes;
    return {
      takenAtMs: this.#clock.wallMs(),
      seen,
      inventory,
      steady,
      cpuUtilization: before && cpuTimes && cpuUtilization(before, cpuTimes),
      counts: {
        expected: inventory.gpus.length,
        visible: inventory.gpus.filter(isUsable).length,
        usable: usableGpus(inventory.gpus).length,
      },
      failed: failedSources(seen),
      problems: seen.problems,
    };
  }

  /** A GPU nobody could ask this time keeps its readings for a moment; one that answered has exactly what it said. */
  #withReadings(gpu: GpuDevice): GpuDevice {
    const nowMs = this.#clock.monotonicMs();
    if (gpu.health !== 'unknown') {
      this.#readings.set(gpu.pciAddress, { readings: gpu.readings, atMs: nowMs });
      return gpu;
    }
    const last = this.#readings.get(gpu.pciAddress);
    const fresh = last !== undefined && nowMs - last.atMs <= STALE_INTERVALS * this.#intervalMs;
    return fresh ? { ...gpu, readings: last.readings } : gpu;
  }
}
