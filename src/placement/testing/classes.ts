import { asDeviceClass, type DeviceClass } from '../../api/device-class.ts';

export function deviceClass(text: string): DeviceClass {
  const known = asDeviceClass(text);
  if (known === undefined) throw new RangeError(`${text} is no device class`);
  return known;
}

export const H100 = deviceClass('nvidia.h100-80gb-hbm3.sm_90.79g');
export const A10 = deviceClass('nvidia.a10.sm_86.22g');
export const T4 = deviceClass('nvidia.tesla-t4.sm_75.15g');
export const XTX = deviceClass('amd.radeon-rx-7900-xtx.gfx1100.23g');
/** A product that no table lists. */
export const ODD = deviceClass('nvidia.dev-2bb5.sm_120.47g');
export const EPYC_8 = deviceClass('cpu.amd-epyc-7763.v3.8c');
export const EPYC_16 = deviceClass('cpu.amd-epyc-7763.v3.16c');
