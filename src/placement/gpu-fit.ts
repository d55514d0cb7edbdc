import type { DeviceFit, Misfit } from './misfit.ts';
import type { Requirement } from './requirement.ts';
import type { GpuFacts, NodeFacts } from './snapshot.ts';

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

function misfitsOfCards(
  { gpus: wanted, vramMiBPerGpu: need = 0, fit }: Requirement,
  gpus: readonly GpuFacts[],
): CardMisfits {
  const large = gpus.filter((gpu) => hasCapacity(gpu, need));
  const memory: Misfit | undefined =
    large.length >= wanted
      ? undefined
      : { reason: 'VramCapacityTooSmall', detail: shortage(need, nth(gpus.map(totalOf), wanted), wanted) };
  // Too small cards are let pass by `fit: Warn`; sick ones never.
  const usable = memory === undefined || fit === 'Enforce' ? large : gpus;
  const healthy = usable.filter((gpu) => gpu.healthy);
  const health: Misfit | undefined =
    healthy.length >= wanted
      ? undefined
      : { reason: 'GpuUnhealthy', detail: `needs ${wanted} healthy, has ${healthy.length} of ${usable.length}` };
  const free = nth(
    healthy.map((gpu) => freeOf(gpu) ?? Number.POSITIVE_INFINITY),
    wanted,
  );
  const tight: Misfit | undefined =
    health !== undefined || memory !== undefined || free === undefined || free >= need
      ? undefined
      : { reason: 'VramFreeTooSmall', detail: `needs ${whole(need)} MiB, ${Math.floor(free)} MiB are free` };
  return { memory, health, free: tight };
}

/** The GPUs a replica could take, for its share of the load: healthy, large enough and with room as far as is known. */
export function usableGpus({ vramMiBPerGpu: need = 0 }: Requirement, gpus: readonly GpuFacts[]): readonly GpuFacts[] {
  return gpus.filter((gpu) => gpu.healthy && hasCapacity(gpu, need) && (freeOf(gpu) ?? need) >= need);
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
  const each = wanted > 1 ? ` on each of ${wanted} GPUs` : '';
  return `needs ${whole(need)} MiB${each}, ${has === undefined ? 'its memory is unknown' : `has ${Math.floor(has)} MiB`}`;
}

function whole(mib: number): number {
  return Math.ceil(mib);
}
