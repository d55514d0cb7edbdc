import { type DeviceClass, formatDeviceClass } from '../api/device-class.ts';
import type { GpuDevice, Inventory } from './inventory.ts';

/** Class of running on the processor alone: model, level and the cores that may be used. */
export function cpuClass(inventory: Pick<Inventory, 'cpu'>): DeviceClass {
  const { model, level, allocatableCores } = inventory.cpu;
  return formatDeviceClass({ kind: 'cpu', model, level, cores: allocatableCores });
}

/**
 * Class of one GPU; `undefined` when its architecture or memory is unknown, because then nobody can say which other
 * device is as fast, and when it has less than a GiB, which holds no model.
 */
export function gpuClass(gpu: GpuDevice): DeviceClass | undefined {
  if (gpu.arch === undefined || gpu.vramMiB === undefined || gpu.vramMiB < 1024) return undefined;
  return formatDeviceClass({
    kind: 'gpu',
    vendor: gpu.vendor === 'NVIDIA' ? 'nvidia' : 'amd',
    product: productWord(gpu),
    arch: gpu.arch,
    vramGiB: gpu.vramMiB / 1024,
  });
}

/** The vendor is said already: `NVIDIA H100 80GB HBM3` gives `H100 80GB HBM3`. */
function productWord(gpu: GpuDevice): string {
  const product = gpu.product?.replace(/^\s*(NVIDIA|AMD|Advanced Micro Devices, Inc\.)\s+/i, '') ?? '';
  return /[A-Za-z0-9]/.test(product) ? product : `dev-${gpu.pciDeviceId}`;
}
