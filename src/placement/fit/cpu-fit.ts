import type { Requirement } from '../requirement.ts';
import type { NodeFacts } from '../snapshot.ts';
import type { DeviceFit, Misfit } from './misfit.ts';

/** Whether a replica fits the processor and the memory of a node, by the same rules as for GPUs. */
export function fitCpu(requirement: Requirement, node: NodeFacts): DeviceFit {
  const { cpuMemoryMiB: need = 0, vendors, architectures, int4, fit } = requirement;
  if (node.cpuClass === undefined) return refused({ reason: 'CpuNotAllowed', detail: 'offers no CPU placement' });
  const demanded = [...vendors, ...architectures];
  if (demanded.length > 0 && requirement.accelerator !== 'CPU') {
    return refused({ reason: 'CpuNotAllowed', detail: `needs a GPU of ${demanded.join(' or ')}` });
  }
  if (int4) return refused({ reason: 'Int4Unsupported', detail: 'needs 4-bit kernels, which are for GPUs' });
  const memory = memoryMisfit(need, node);
  if (memory === undefined) return { misfit: undefined, warnings: [] };
  return fit === 'Enforce' ? refused(memory) : { misfit: undefined, warnings: [memory.detail] };
}

function memoryMisfit(need: number, { cpuTotalMiB: total, cpuFreeMiB: free }: NodeFacts): Misfit | undefined {
  if (need <= 0) return undefined;
  const needs = `needs ${Math.ceil(need)} MiB`;
  if (total === undefined || !(total > 0)) {
    return { reason: 'VramCapacityTooSmall', detail: `${needs}, its memory is unknown` };
  }
  if (total < need) return { reason: 'VramCapacityTooSmall', detail: `${needs}, has ${Math.floor(total)} MiB` };
  if (free !== undefined && free >= 0 && free < need) {
    return { reason: 'VramFreeTooSmall', detail: `${needs}, ${Math.floor(free)} MiB are free` };
  }
  return undefined;
}

function refused(misfit: Misfit): DeviceFit {
  return { misfit, warnings: [] };
}
