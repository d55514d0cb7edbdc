import type { GpuDevice } from './inventory.ts';

/** Whether something can be run on a device now. A `degraded` one works, with something to look at. */
export function isUsable(gpu: GpuDevice): boolean {
  return gpu.unusable === undefined && (gpu.health === 'ok' || gpu.health === 'degraded');
}

/**
 * GPUs that models may be placed on, in order. A GPU inside the processor counts only where it is alone: beside a
 * card it would be what nobody means by "the GPU" of this machine.
 */
export function usableGpus(gpus: readonly GpuDevice[]): readonly GpuDevice[] {
  const usable = gpus.filter(isUsable);
  const discrete = usable.filter((gpu) => !gpu.integrated);
  return discrete.length > 0 ? discrete : usable;
}
