import { asDeviceClass } from '../api/device-class.ts';
import { NODE_LABELS } from '../api/names.ts';
import { cpuClass, gpuClass } from './device-classes.ts';
import type { GpuDevice, GpuVendorName, Inventory } from './inventory.ts';
import type { ArchitectureRow } from './kernels.data.ts';
import { type ArchitectureSupport, architectureSupport } from './kernels.ts';
import { isLabelValue, labelValueOf } from './label-value.ts';
import { usableGpus } from './usable-gpus.ts';

/** What the machine itself cannot tell about its labels. */
export interface LabelFacts {
  /** Cores that pods may use: the Node's allocatable CPU. Without it, those of this process. */
  readonly allocatableCores?: number;
  /** A device class chosen by a person. */
  readonly deviceClass?: string;
  /** Rows that replace or extend the shipped table of architectures. */
  readonly architectures?: readonly ArchitectureRow[];
}

/** A label that could not be given, and why. */
export interface LabelProblem {
  readonly source: 'labels';
  readonly reason: 'arch_unknown' | 'invalid_value' | 'bad_override';
  readonly detail: string;
}

/** Labels by their names without prefix, each value valid. */
export interface NodeLabels {
  readonly labels: Readonly<Record<string, string>>;
  readonly problems: readonly LabelProblem[];
}

/**
 * What a node can do, as labels. The weakest GPU speaks for all of them, so that whoever goes by a label never places a
 * model on a card that is too small; what is not known of every GPU is not said at all.
 */
export function labelsOf(inventory: Inventory, facts: LabelFacts = {}): NodeLabels {
  const problems: LabelProblem[] = [];
  const gpus = usableGpus(inventory.gpus);
  const candidates: Record<string, string | undefined> = {
    ...(gpus.length === 0 ? {} : gpuLabels(gpus, facts.architectures ?? [], problems)),
    [NODE_LABELS.cpuAvx512]: String(inventory.cpu.avx512),
    [NODE_LABELS.cpuLevel]: levelLabel(inventory.cpu.level),
    [NODE_LABELS.deviceClass]: deviceClassLabel(inventory, gpus, facts, problems),
  };
  const labels: Record<string, string> = {};
  for (const name of Object.keys(candidates).sort()) {
    const value = candidates[name];
    if (value === undefined || value === '') continue;
    if (isLabelValue(value)) labels[name] = value;
    // One bad value would make the API server refuse all the others with it.
    else problems.push({ source: 'labels', reason: 'invalid_value', detail: `${name} cannot be ${quoted(value)}` });
  }
  return { labels, problems };
}

function gpuLabels(
  gpus: readonly GpuDevice[],
  architectures: readonly ArchitectureRow[],
  problems: LabelProblem[],
): Readonly<Record<string, string | undefined>> {
  const vendor = leadingVendor(gpus);
  const own = gpus.filter((gpu) => gpu.vendor === vendor).sort((a, b) => compareStrength(a, b, architectures));
  const [weakest] = own;
  const memory = everyKnown(own.map((gpu) => gpu.vramMiB));
  const vramMiB = memory === undefined ? undefined : Math.min(...memory);
  const archs = everyKnown(own.map((gpu) => gpu.arch));
  const support = everyKnown(gpus.map((gpu) => supportOf(gpu, architectures, problems)));
  return {
    [NODE_LABELS.gpuVendor]: vendor,
    [NODE_LABELS.gpuVram]: vramMiB === undefined || vramMiB < 1024 ? undefined : `${Math.floor(vramMiB / 1024)}Gi`,
    [NODE_LABELS.gpuVramMiB]: vramMiB === undefined || vramMiB < 1 ? undefined : String(Math.floor(vramMiB)),
    [NODE_LABELS.gpuArch]: archs === undefined ? undefined : weakest?.arch,
    [NODE_LABELS.gpuCount]: String(gpus.length),
    [NODE_LABELS.gpuMixed]: String(differ(gpus)),
    [NODE_LABELS.gpuMig]: String(gpus.some((gpu) => gpu.mig)),
    [NODE_LABELS.gpuProduct]: weakest?.product === undefined ? undefined : labelValueOf(weakest.product),
    [NODE_LABELS.gpuDriver]: common(own.map((gpu) => gpu.driverVersion && labelValueOf(gpu.driverVersion))),
    [NODE_LABELS.gpuMemoryType]: common(own.map((gpu) => gpu.memoryType)),
    [NODE_LABELS.gpuInt4]: support && String(support.every((each) => each.int4)),
    [NODE_LABELS.gpuBf16]: support && String(support.every((each) => each.bf16)),
    [NODE_LABELS.gpuFp8]: support && String(support.every((each) => each.fp8)),
    [NODE_LABELS.gpuInt4Kernels]: support && commonKernels(support).join('.'),
  };
}

/** The vendor with more memory in all, the first by name when there is no difference. */
function leadingVendor(gpus: readonly GpuDevice[]): GpuVendorName {
  const total = (vendor: GpuVendorName): number =>
    gpus
      .filter((gpu) => gpu.vendor === vendor)
      .reduce((sum, gpu) => sum + (gpu.vramMiB ?? 0) * (gpu.partitions ?? 1), 0);
  const vendors = [...new Set(gpus.map((gpu) => gpu.vendor))].sort();
  return vendors.reduce((best, vendor) => (total(vendor) > total(best) ? vendor : best));
}

/** Weakest first, by what can be run, then memory; names decide only so that the order of devices never does. */
function compareStrength(a: GpuDevice, b: GpuDevice, architectures: readonly ArchitectureRow[]): number {
  const abilities = (gpu: GpuDevice): number => {
    const support = gpu.arch === undefined ? undefined : architectureSupport(gpu.arch, architectures);
    if (support === undefined) return -1;
    return Number(support.int4) * 4 + Number(support.bf16) * 2 + Number(support.fp8) + support.kernels.length * 8;
  };
  const generation = (gpu: GpuDevice): number => Number(/^sm_(\d+)/.exec(gpu.arch ?? '')?.[1] ?? 0);
  return (
    abilities(a) - abilities(b) ||
    generation(a) - generation(b) ||
    compareText(a.arch, b.arch) ||
    (a.vramMiB ?? 0) - (b.vramMiB ?? 0) ||
    compareText(a.product, b.product) ||
    compareText(a.pciDeviceId, b.pciDeviceId)
  );
}

function compareText(a = '', b = ''): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function supportOf(
  gpu: GpuDevice,
  architectures: readonly ArchitectureRow[],
  problems: LabelProblem[],
): ArchitectureSupport | undefined {
  if (gpu.arch === undefined) return undefined;
  const support = architectureSupport(gpu.arch, architectures);
  const known = problems.some(
    (problem) => problem.reason === 'arch_unknown' && problem.detail.startsWith(`${gpu.arch} `),
  );
  if (support === undefined && !known) {
    const detail = `${gpu.arch} is in no table, so nothing is said about the data types it runs`;
    problems.push({ source: 'labels', reason: 'arch_unknown', detail });
  }
  return support;
}

function commonKernels(support: readonly ArchitectureSupport[]): readonly string[] {
  const [first, ...others] = support;
  return (first?.kernels ?? []).filter((kernel) => others.every((other) => other.kernels.includes(kernel)));
}

function differ(gpus: readonly GpuDevice[]): boolean {
  const looks = gpus.map((gpu) => JSON.stringify([gpu.vendor, gpu.product ?? gpu.pciDeviceId, gpu.arch, gpu.vramMiB]));
  return new Set(looks).size > 1;
}

/** `v3` is the third level of x86-64; other architectures stand for themselves. */
function levelLabel(level: string): string | undefined {
  if (level === 'unknown') return undefined;
  return /^v[1-4]$/.test(level) ? `x86-64-${level}` : labelValueOf(level);
}

function deviceClassLabel(
  inventory: Inventory,
  gpus: readonly GpuDevice[],
  facts: LabelFacts,
  problems: LabelProblem[],
): string | undefined {
  if (facts.deviceClass !== undefined) {
    const chosen = asDeviceClass(facts.deviceClass);
    if (chosen !== undefined) return chosen;
    const detail = `the annotation asks for the device class ${quoted(facts.deviceClass)}, which is no label value`;
    problems.push({ source: 'labels', reason: 'bad_override', detail });
  }
  const vendor = gpus.length === 0 ? undefined : leadingVendor(gpus);
  const [weakest] = gpus
    .filter((gpu) => gpu.vendor === vendor)
    .sort((a, b) => compareStrength(a, b, facts.architectures ?? []));
  // A GPU inside the processor without memory of its own gives models nothing that the processor does not.
  if (weakest !== undefined && !(weakest.integrated && gpuClass(weakest) === undefined)) return gpuClass(weakest);
  const cores = facts.allocatableCores ?? inventory.cpu.allocatableCores;
  return cpuClass({ cpu: { ...inventory.cpu, allocatableCores: wholeTenths(cores) } });
}

function wholeTenths(cores: number): number {
  return Math.floor(cores * 10 + 1e-9) / 10;
}

/** The values, if every one of them is known. */
function everyKnown<T>(values: readonly (T | undefined)[]): readonly T[] | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === values.length ? known : undefined;
}

function common(values: readonly (string | undefined)[]): string | undefined {
  return new Set(values).size === 1 ? values[0] : undefined;
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 77)}...` : text);
}
