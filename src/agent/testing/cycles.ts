import { failedSources } from '../../hardware/failed-sources.ts';
import type { Inventory } from '../../hardware/inventory.ts';
import type { Cycle } from '../cycle.ts';

/** An inventory of a small machine without GPUs, changed as wanted. */
export function inventoryOf(change: Partial<Inventory> = {}): Inventory {
  return {
    cpu: { model: 'x', architecture: 'x86-64', level: 'v3', avx512: false, allocatableCores: 4, logicalCpus: 4 },
    memory: { totalMiB: 16_384, availableMiB: 8192 },
    gpus: [],
    problems: [],
    ...change,
  };
}

/** A cycle that has seen this. */
export function cycleOf(change: Partial<Inventory> = {}, cpuUtilization?: number): Cycle {
  const inventory = inventoryOf(change);
  return {
    takenAtMs: Date.UTC(2026, 0, 1),
    seen: inventory,
    inventory,
    steady: inventory,
    cpuUtilization,
    counts: { expected: inventory.gpus.length, visible: inventory.gpus.length, usable: inventory.gpus.length },
    failed: failedSources(inventory),
    problems: inventory.problems,
  };
}
