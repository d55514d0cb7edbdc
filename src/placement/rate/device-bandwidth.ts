import { type DeviceClass, parseDeviceClass } from '../../api/device-class.ts';
import { CPU_LEVELS, CPU_MAX_GB_PER_SECOND, GPU_PRODUCTS, VARIANT_WORDS } from './bandwidth.data.ts';

/** Memory bandwidth of a device in bytes per second; `undefined` for a product that is not listed. */
export function deviceBandwidth(deviceClass: DeviceClass): number | undefined {
  const parts = parseDeviceClass(deviceClass);
  if (parts === undefined) return undefined;
  if (parts.kind === 'cpu') {
    const perCore = CPU_LEVELS.find((row) => row.level === parts.level)?.gbPerSecondPerCore;
    return perCore === undefined ? undefined : Math.min(parts.cores * perCore, CPU_MAX_GB_PER_SECOND) * 1e9;
  }
  const product = `-${parts.product}-`;
  let best: (typeof GPU_PRODUCTS)[number] | undefined;
  for (const row of GPU_PRODUCTS) {
    const listed = row.vendor === parts.vendor && product.includes(`-${row.product}-`);
    if (!listed || parts.vramGiB < (row.fromGiB ?? 0)) continue;
    if (best === undefined || specificity(row) > specificity(best)) best = row;
  }
  return best === undefined || isOtherVariant(parts.product, best.product) ? undefined : best.gbPerSecond * 1e9;
}

function specificity(row: (typeof GPU_PRODUCTS)[number]): number {
  return row.product.length + (row.fromGiB ?? 0) / 1e4;
}

/** An RTX 4090 Laptop GPU is no RTX 4090. */
function isOtherVariant(product: string, row: string): boolean {
  const listed = row.split('-');
  return product.split('-').some((word) => VARIANT_WORDS.includes(word) && !listed.includes(word));
}
