import type { GpuVendorName } from '../inventory.ts';

/** Makers of GPUs that FlexInfer can use. Source: pci.ids. AMD's processors use 0x1022 and are no GPUs. */
const VENDORS: ReadonlyMap<number, GpuVendorName> = new Map([
  [0x10de, 'NVIDIA'],
  [0x1002, 'AMD'],
]);

/** Kernel drivers that bind to GPUs of one maker only: they name the maker when the device no longer can. */
const DRIVERS: ReadonlyMap<string, GpuVendorName> = new Map([
  ['nvidia', 'NVIDIA'],
  ['nouveau', 'NVIDIA'],
  ['amdgpu', 'AMD'],
]);

/**
 * Base and sub-class of functions that compute: VGA, XGA, 3D controller, other display, processing accelerator,
 * co-processor. An NVSwitch (0x0680) or the audio function of a card (0x0403) has the same maker and is none of these.
 * Source: PCI Code and ID Assignment Specification.
 */
const GPU_CLASSES: ReadonlySet<number> = new Set([0x0300, 0x0301, 0x0302, 0x0380, 0x1200, 0x0b40]);

export function gpuVendor(vendorId: number): GpuVendorName | undefined {
  return VENDORS.get(vendorId);
}

export function gpuVendorOfDriver(driver: string): GpuVendorName | undefined {
  return DRIVERS.get(driver);
}

/** @param classCode the 24-bit value of sysfs, `0x030200` */
export function isGpuClass(classCode: number): boolean {
  return GPU_CLASSES.has(classCode >> 8);
}

/** `0x10de` or `10de`; `undefined` for anything else. */
export function parsePciNumber(text: string | undefined): number | undefined {
  const match = /^\s*(?:0x)?([0-9a-f]{1,8})\s*$/i.exec(text ?? '');
  return match?.[1] === undefined ? undefined : Number.parseInt(match[1], 16);
}
