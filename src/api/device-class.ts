/**
 * A device class names "these devices should run a model equally fast" and is a valid Kubernetes label value:
 *
 *     nvidia.<product>.<arch>.<floored GiB>g     nvidia.h100-80gb-hbm3.sm_90.79g
 *     amd.<product>.<arch>.<floored GiB>g        amd.radeon-rx-7900-xtx.gfx1100.23g
 *     cpu.<model>.<level>.<cores>c               cpu.amd-epyc-7763.v3.8c
 *
 * Product and model are lower-case words joined by `-`, so the dots separate the parts unambiguously.
 */
export type DeviceClass = string & { readonly deviceClass: unique symbol };

export interface GpuClassParts {
  readonly kind: 'gpu';
  readonly vendor: 'nvidia' | 'amd';
  /** Product name, or `dev-<PCI device id>` when the product is unknown. */
  readonly product: string;
  readonly arch: string;
  readonly vramGiB: number;
}

export interface CpuClassParts {
  readonly kind: 'cpu';
  readonly model: string;
  /** x86-64 micro-architecture level `v1` … `v4`, or another architecture's name. */
  readonly level: string;
  /** Allocatable cores, not the host's. */
  readonly cores: number;
}

export type DeviceClassParts = GpuClassParts | CpuClassParts;

const MAX_LABEL_VALUE = 63;

/** Lower-case words joined by `-`; anything else in `name` only separates words. */
export function classWord(name: string): string {
  return name
    .toLowerCase()
    .replace(/\((r|tm|c)\)/g, ' ')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
}

export function formatDeviceClass(parts: DeviceClassParts): DeviceClass {
  const [head, name, tail] =
    parts.kind === 'gpu'
      ? [parts.vendor, parts.product, `${parts.arch}.${Math.floor(parts.vramGiB)}g`]
      : ['cpu', parts.model, `${parts.level}.${parts.cores}c`];
  // The name gives way when the whole would be too long: the other parts decide the speed.
  const room = MAX_LABEL_VALUE - head.length - tail.length - 2;
  const word = classWord(name).slice(0, room).replace(/-+$/, '') || 'unknown';
  return `${head}.${word}.${tail}` as DeviceClass;
}

/** Reads a class back; `undefined` for anything that {@link formatDeviceClass} cannot have written. */
export function parseDeviceClass(text: string): DeviceClassParts | undefined {
  if (text.length > MAX_LABEL_VALUE) return undefined;
  const gpu = /^(nvidia|amd)\.([a-z0-9](?:[a-z0-9-]*[a-z0-9])?)\.(sm_[0-9]+[a-z]?|gfx[0-9a-f]+)\.([0-9]{1,5})g$/.exec(
    text,
  );
  if (gpu !== null) {
    const [, vendor, product = '', arch = '', gib] = gpu;
    return { kind: 'gpu', vendor: vendor === 'nvidia' ? 'nvidia' : 'amd', product, arch, vramGiB: Number(gib) };
  }
  const cpu = /^cpu\.([a-z0-9](?:[a-z0-9-]*[a-z0-9])?)\.([a-z0-9]+)\.([0-9]{1,5}(?:\.[0-9])?)c$/.exec(text);
  if (cpu === null) return undefined;
  const [, model = '', level = '', cores] = cpu;
  return { kind: 'cpu', model, level, cores: Number(cores) };
}

/** Takes a class that a person chose (annotation `flexinfer.ai/device-class`): any valid label value will do. */
export function asDeviceClass(text: string): DeviceClass | undefined {
  return /^[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/.test(text) ? (text as DeviceClass) : undefined;
}
