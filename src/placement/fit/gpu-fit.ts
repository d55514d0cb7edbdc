import type { Requirement } from '../requirement.ts';
import type { GpuFacts, NodeFacts } from '../snapshot.ts';
import type { DeviceFit, Misfit } from './misfit.ts';

/**
 * Whether a replica fits the GPUs of a node. Memory is compared per GPU over the best GPUs the replica could take, never
 * as a sum. Unknown memory satisfies no demand; unknown free memory is no reason to refuse.
 */
export function fitGpus(requirement: Requirement, node: NodeFacts): DeviceFit {
  const unsuitable = unsuitability(requirement, node);
  if (unsuitable !== undefined) return { misfit: unsuitable, warnings: [] };
  const { memory, health, free } = misfitsOfCards(requirement, node.gpus);
  if (requirement.fit === 'Enforce') return { misfit: memory ?? health ?? free, warnings: [] };
  const warnings = [memory, free].flatMap((each) => (each === undefined ? [] : [each.detail]));
  return { misfit: health, warnings: health === undefined ? warnings : [] };
}

/** What no change of load can cure: the kind and the number of the GPUs. */
function unsuitability(requirement: Requirement, node: NodeFacts): Misfit | undefined {
  const { vendors, architectures, kernels } = requirement;
  if (node.gpus.length === 0) return { reason: 'NoGpu', detail: 'has no usable GPU' };
  if (vendors.length > 0 && (node.gpuVendor === undefined || !vendors.includes(node.gpuVendor))) {
    return { reason: 'VendorMismatch', detail: `needs ${vendors.join(' or ')}, has ${node.gpuVendor ?? 'unknown'}` };
  }
  if (architectures.length > 0 && (node.gpuArch === undefined || !architectures.includes(node.gpuArch))) {
    return {
      reason: 'ArchUnsupported',
      detail: `needs ${architectures.join(' or ')}, has ${node.gpuArch ?? 'unknown'}`,
    };
  }
  const { gpuKernels } = node;
  if (kernels.length > 0 && (gpuKernels === undefined || !kernels.some((kernel) => gpuKernels.includes(kernel)))) {
    const known = gpuKernels === undefined ? 'unknown' : gpuKernels.join(', ') || 'none';
    return { reason: 'ArchUnsupported', detail: `needs kernels for ${kernels.join(' or ')}, has ${known}` };
  }
  if (requirement.int4 && node.gpuInt4 !== true) {
    const known = node.gpuInt4 === undefined ? 'it is unknown whether it has' : 'has none';
    return { reason: 'Int4Unsupported', detail: `needs 4-bit kernels, ${known}` };
  }
  if (node.gpus.length < requirement.gpus) {
    return { reason: 'TooFewGpus', detail: `needs ${requirement.gpus} GPUs, has ${node.gpus.length}` };
  }
  return undefined;
}

interface CardMisfits {
  readonly memory: Misfit | undefined;
  readonly health: Misfit | undefined;
  readonly free: Misfit | undefined;
}

const FITTING: CardMisfits = { memory: undefined, health: undefined, free: undefined };

function misfitsOfCards(requirement: Requirement, gpus: readonly GpuFacts[]): CardMisfits {
  const { gpus: wanted, vramMiBPerGpu: need = 0, fit } = requirement;
  let roomy = 0;
  for (const gpu of gpus) if (isUsable(gpu, need)) roomy++;
  // What follows only finds words for a misfit: fleets are large, and most nodes fit.
  if (roomy >= wanted) return FITTING;
  const large = gpus.filter((gpu) => hasCapacity(gpu, need));
  const memory: Misfit | undefined =
    large.length >= wanted
      ? undefined
      : { reason: 'VramCapacityTooSmall', detail: shortage(need, nth(gpus.map(totalOf), wanted), wanted) };
  // Cards that are too small are let pass by `fit: Warn`; sick ones never.
  const usable = memory === undefined || fit === 'Enforce' ? large : gpus;
  const healthy = usable.filter((gpu) => gpu.healthy);
  if (healthy.length < wanted) {
    const detail = `needs ${wanted} healthy, has ${healthy.length} of ${usable.length}`;
    return { memory, health: { reason: 'GpuUnhealthy', detail }, free: undefined };
  }
  if (memory !== undefined) return { ...FITTING, memory };
  const free = Math.floor(
    nth(
      healthy.map((gpu) => freeOf(gpu) ?? Number.MAX_VALUE),
      wanted,
    ) ?? 0,
  );
  const detail = `needs ${Math.ceil(need)} MiB${onEach(wanted)}, ${free} MiB are free`;
  return { ...FITTING, free: { reason: 'VramFreeTooSmall', detail } };
}

/** Whether a replica could take a GPU: healthy, large enough and with room as far as is known. */
export function isUsable(gpu: GpuFacts, need = 0): boolean {
  return gpu.healthy && hasCapacity(gpu, need) && (freeOf(gpu) ?? need) >= need;
}

function hasCapacity(gpu: GpuFacts, need: number): boolean {
  return need <= 0 || (totalOf(gpu) ?? 0) >= need;
}

function totalOf({ totalMiB }: GpuFacts): number | undefined {
  return totalMiB !== undefined && totalMiB > 0 && Number.isFinite(totalMiB) ? totalMiB : undefined;
}

function freeOf({ freeMiB }: GpuFacts): number | undefined {
  return freeMiB !== undefined && freeMiB >= 0 && Number.isFinite(freeMiB) ? freeMiB : undefined;
}

/** The n-th largest value, the one that decides for n GPUs; unknown ones come last. */
function nth(values: readonly (number | undefined)[], n: number): number | undefined {
  return values.toSorted((a, b) => (b ?? -1) - (a ?? -1))[n - 1];
}

function shortage(need: number, has: number | undefined, wanted: number): string {
  const known = has === undefined ? 'its memory is unknown' : `has ${Math.floor(has)} MiB`;
  return `needs ${Math.ceil(need)} MiB${onEach(wanted)}, ${known}`;
}

function onEach(wanted: number): string {
  return wanted > 1 ? ` on each of ${wanted} GPUs` : '';
}
