import { type DeviceClass, type DeviceClassParts, parseDeviceClass } from '../../api/device-class.ts';

/** Measured rates of one model, all with the same number of GPUs per replica. */
export interface KnownRates {
  readonly gpus: number;
  readonly rates: ReadonlyMap<DeviceClass, number>;
}

interface Relative {
  /** 0: no difference; sizes that are twice or half are equally far. */
  readonly distance: number;
  readonly rate: number;
}

/**
 * The rate on the nearest relative of a class: the same GPU with another memory, which reads it as fast; the same GPU in
 * another number, in proportion to it; the same CPU with another number of cores, in proportion to them. The proportions
 * are what memory bandwidth allows: more devices gain somewhat less than that.
 */
export function scaledRate(deviceClass: DeviceClass, gpus: number, known: readonly KnownRates[]): number | undefined {
  const wanted = parseDeviceClass(deviceClass);
  if (wanted === undefined) return undefined;
  let nearest: Relative | undefined;
  for (const { gpus: count, rates } of known) {
    for (const [other, rate] of rates) {
      const relative = relate(wanted, gpus, parseDeviceClass(other), count, rate);
      if (relative !== undefined && (nearest === undefined || isNearer(relative, nearest))) nearest = relative;
    }
  }
  return nearest?.rate;
}

function relate(
  wanted: DeviceClassParts,
  gpus: number,
  has: DeviceClassParts | undefined,
  count: number,
  rate: number,
): Relative | undefined {
  if (wanted.kind === 'gpu' && has?.kind === 'gpu') {
    const same = has.vendor === wanted.vendor && has.product === wanted.product && has.arch === wanted.arch;
    if (!same || !(count > 0)) return undefined;
    const distance = apart(has.vramGiB, wanted.vramGiB) + apart(count, gpus);
    return { distance, rate: (rate * gpus) / count };
  }
  if (wanted.kind === 'cpu' && has?.kind === 'cpu') {
    if (has.model !== wanted.model || has.level !== wanted.level || !(has.cores > 0)) return undefined;
    return { distance: apart(has.cores, wanted.cores), rate: (rate * wanted.cores) / has.cores };
  }
  return undefined;
}

/** Of two at one distance the slower, so that the order of the table does not matter. */
function isNearer(a: Relative, b: Relative): boolean {
  return a.distance < b.distance || (a.distance === b.distance && a.rate < b.rate);
}

function apart(a: number, b: number): number {
  return Math.abs(Math.log(Math.max(a, 0.1) / Math.max(b, 0.1)));
}
