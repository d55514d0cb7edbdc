import type { GpuVendorName } from '../inventory.ts';

/** A GPU that the PCI bus shows, whether or not a driver can use it. */
export interface PciGpu {
  readonly address: string;
  readonly vendor: GpuVendorName;
  /** Four hex digits, lower case; empty when the device answers nothing but ones. */
  readonly deviceId: string;
  /** Two hex digits, lower case; tells apart products that share a device id. */
  readonly revision?: string;
  /** Kernel driver bound to it: `nvidia`, `amdgpu`, `vfio-pci` … */
  readonly driver?: string;
  /** The device no longer answers: its configuration space reads as ones. */
  readonly lost: boolean;
}
