import type { DeviceClass } from '../api/device-class.ts';
import { cpuClass, gpuClass } from '../hardware/device-classes.ts';
import type { GpuDevice, Inventory } from '../hardware/inventory.ts';
import { usableGpus } from '../hardware/usable-gpus.ts';

/** Something on this machine that can run a model: the CPU, or the GPUs of one class. */
export interface LocalDevice {
  /** `cpu`, or `gpu 0`, `gpu 0,1`. */
  readonly name: string;
  readonly deviceClass: DeviceClass;
  /** Empty for the CPU. */
  readonly gpus: readonly GpuDevice[];
}

/**
 * The devices of this machine that can be placed on. GPUs of one class form one device, since a replica may take
 * several of them. A GPU that cannot be used, and one without a class (architecture or memory unknown), is left out:
 * `flexinfer hardware` shows why.
 */
export function localDevices(inventory: Inventory): readonly LocalDevice[] {
  const byClass = new Map<DeviceClass, GpuDevice[]>();
  for (const gpu of usableGpus(inventory.gpus)) {
    const deviceClass = gpuClass(gpu);
    if (deviceClass === undefined) continue;
    byClass.set(deviceClass, [...(byClass.get(deviceClass) ?? []), gpu]);
  }
  const gpus = [...byClass].map(([deviceClass, members]) => ({
    name: `gpu ${members.map((gpu) => gpu.index).join(',')}`,
    deviceClass,
    gpus: members,
  }));
  return [...gpus, { name: 'cpu', deviceClass: cpuClass(inventory), gpus: [] }];
}

/**
 * Threads of an engine on the CPU. One core is left to the program that drives and measures it: with as many threads as
 * cores the rates fall and scatter.
 *
 * @param requested cores the manifest asks for
 */
export function engineThreads(requested: number, allocatableCores: number): number {
  return Math.max(1, Math.min(Math.ceil(requested), Math.floor(allocatableCores) - 1));
}
