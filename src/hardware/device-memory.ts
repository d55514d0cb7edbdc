import type { GpuDevice, Inventory } from './inventory.ts';
import { comparePciAddresses } from './pci/pci-address.ts';
import { isUsable } from './usable-gpus.ts';

/** Looks in a row that must agree before a device counts as gone. */
export const CLEAN_ABSENCES = 3;

interface Remembered {
  readonly gpu: GpuDevice;
  readonly absences: number;
}

/** One look at the machine, seen in two ways. Both have the same devices with the same numbers. */
export interface SettledInventory {
  /** As things are now: a device that has vanished is `lost`. */
  readonly now: Inventory;
  /** As they may be relied on: a device that has only just vanished, or that nobody can ask now, is as it was. */
  readonly steady: Inventory;
}

/** Remembers usable devices over failures of their driver and short absences, so that nothing flaps. */
export class DeviceMemory {
  #known = new Map<string, Remembered>();

  /** @param certain whether a device that is not in the inventory is really not there */
  settle(inventory: Inventory, certain: boolean): SettledInventory {
    const seen = new Map(inventory.gpus.map((gpu) => [gpu.pciAddress, gpu]));
    const next = new Map<string, Remembered>();
    const pairs: { now: GpuDevice; steady: GpuDevice }[] = [];
    for (const gpu of inventory.gpus) {
      const remembered = isUsable(gpu) ? { gpu, absences: 0 } : keep(this.#known.get(gpu.pciAddress), isAnswer(gpu));
      if (remembered !== undefined) next.set(gpu.pciAddress, remembered);
      pairs.push({ now: gpu, steady: remembered?.gpu ?? gpu });
    }
    for (const [address, known] of this.#known) {
      if (seen.has(address)) continue;
      const remembered = keep(known, certain);
      if (remembered === undefined) continue;
      next.set(address, remembered);
      pairs.push({ now: { ...known.gpu, health: 'lost', readings: {} }, steady: known.gpu });
    }
    this.#known = next;
    pairs.sort((a, b) => comparePciAddresses(a.now.pciAddress, b.now.pciAddress));
    return {
      now: { ...inventory, gpus: pairs.map(({ now }, index) => ({ ...now, index })) },
      steady: { ...inventory, gpus: pairs.map(({ steady }, index) => ({ ...steady, index })) },
    };
  }
}

/** A lost or passed-through device is known not to be usable; of one with unknown health nothing is known. */
function isAnswer(gpu: GpuDevice): boolean {
  return gpu.health === 'lost' || gpu.unusable === 'passed-through';
}

function keep(known: Remembered | undefined, absent: boolean): Remembered | undefined {
  if (known === undefined) return undefined;
  const absences = known.absences + (absent ? 1 : 0);
  return absences >= CLEAN_ABSENCES ? undefined : { ...known, absences };
}
