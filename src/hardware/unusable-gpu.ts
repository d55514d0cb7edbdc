import type { GpuHealth } from './inventory.ts';
import type { PciGpu } from './pci/pci-gpu.ts';
import type { FoundGpu } from './probe.ts';

/** Drivers that hold a device for a virtual machine or for a program outside the kernel: nothing else can use it. */
const PASS_THROUGH = new Set(['vfio-pci', 'pci-stub', 'xen-pciback']);

export function isPassedThrough(gpu: PciGpu): boolean {
  return gpu.driver !== undefined && PASS_THROUGH.has(gpu.driver);
}

/** A GPU of which only the PCI bus knows: counted, so that no other changes its number, but without any reading. */
export function bareGpu(gpu: PciGpu, health: GpuHealth, known: Partial<FoundGpu> = {}): FoundGpu {
  const unusable = isPassedThrough(gpu) ? 'passed-through' : gpu.driver === undefined ? 'no-driver' : undefined;
  return {
    vendor: gpu.vendor,
    pciAddress: gpu.address,
    pciDeviceId: gpu.deviceId,
    memoryType: 'unknown',
    integrated: false,
    mig: false,
    ...(gpu.driver === undefined ? {} : { kernelDriver: gpu.driver }),
    // A lost device may have a driver that can do nothing with it; its health says so.
    ...(unusable === undefined || gpu.lost ? {} : { unusable }),
    ...known,
    health,
    readings: {},
  };
}
