import type { DeviceClass } from '../../api/device-class.ts';
import type { Requirement } from '../requirement.ts';
import type { FleetSnapshot, GpuFacts, MeasuredSpeed, NodeFacts, SpeedTable } from '../snapshot.ts';
import { A10, EPYC_8 } from './classes.ts';

export const NOW_MS = 1_000_000_000;
export const MODEL = 'model';

/** A replica that demands nothing. */
export function requirement(changes: Partial<Requirement> = {}): Requirement {
  return {
    modelHash: MODEL,
    accelerator: 'Any',
    gpus: 1,
    vendors: [],
    architectures: [],
    kernels: [],
    int4: false,
    fit: 'Enforce',
    objective: 'Throughput',
    weights: { tps: 0.7, util: 0.2, cost: 0.1 },
    ...changes,
  };
}

/** A GPU that is idle and empty. */
export function gpu(changes: Partial<GpuFacts> = {}): GpuFacts {
  return { totalMiB: 22_731, freeMiB: 22_000, utilization: 0, healthy: true, ...changes };
}

/** A node with one idle NVIDIA A10. */
export function gpuNode(name: string, changes: Partial<NodeFacts> = {}): NodeFacts {
  return {
    name,
    gpuClass: A10,
    gpuVendor: 'NVIDIA',
    gpuArch: 'sm_86',
    gpuInt4: true,
    gpuKernels: ['gguf', 'awq'],
    gpus: [gpu()],
    observedAtMs: NOW_MS,
    ...changes,
  };
}

/** An idle node with eight cores and 32 GiB that takes CPU replicas. */
export function cpuNode(name: string, changes: Partial<NodeFacts> = {}): NodeFacts {
  return {
    name,
    gpus: [],
    cpuClass: EPYC_8,
    cpuTotalMiB: 32_768,
    cpuFreeMiB: 30_000,
    cpuUtilization: 0,
    observedAtMs: NOW_MS,
    ...changes,
  };
}

/** Five samples, one part in fifty around the median. */
export function measured(tokensPerSecond: number, changes: Partial<MeasuredSpeed> = {}): MeasuredSpeed {
  const [low, high] = [tokensPerSecond * 0.98, tokensPerSecond * 1.02];
  return { tokensPerSecond, low, high, samples: 5, measuredAtMs: NOW_MS - 7_200_000, stale: false, ...changes };
}

type Rates = readonly (readonly [DeviceClass, number | MeasuredSpeed])[];

export function speedTable(models: Readonly<Record<string, Rates>>): SpeedTable {
  return new Map(
    Object.entries(models).map(([model, rates]) => [
      model,
      new Map(rates.map(([name, rate]) => [name, typeof rate === 'number' ? measured(rate) : rate])),
    ]),
  );
}

/** A fleet in which `rates` were measured for {@link MODEL}. */
export function snapshot(nodes: readonly NodeFacts[], rates: Rates = []): FleetSnapshot {
  return { nodes, speeds: speedTable({ [MODEL]: rates }), nowMs: NOW_MS };
}
