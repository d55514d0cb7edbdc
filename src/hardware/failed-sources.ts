import type { HardwareProblem, Inventory } from './inventory.ts';

type Source = HardwareProblem['source'];

/** Complaints after which the rest of a source's answer can still be trusted. */
const HARMLESS = new Set(['bad_row', 'no_flags']);

/**
 * Sources that could not do their work, so that what they do not show may well be there. A lost card or an odd reading
 * is an answer and no failure; a card that nobody can say anything about is none.
 */
export function failedSources(inventory: Pick<Inventory, 'gpus' | 'problems'>): ReadonlySet<Source> {
  const failed = new Set<Source>();
  for (const problem of inventory.problems) {
    if (problem.device === undefined && !HARMLESS.has(problem.reason)) failed.add(problem.source);
  }
  for (const gpu of inventory.gpus) {
    if (gpu.health === 'unknown' && gpu.unusable !== 'passed-through')
      failed.add(gpu.vendor === 'AMD' ? 'amd' : 'nvidia');
  }
  return failed;
}

/**
 * Whether a GPU that is not in the inventory is really not there. AMD's cards are known from the kernel's files, so a
 * failure of AMD's tools, which only know names, leaves no doubt.
 */
export function gpusAreCertain(inventory: Pick<Inventory, 'gpus' | 'problems'>): boolean {
  const failed = failedSources({ ...inventory, problems: inventory.problems.filter(({ source }) => source !== 'amd') });
  return !(failed.has('pci') || failed.has('nvidia') || failed.has('amd'));
}
