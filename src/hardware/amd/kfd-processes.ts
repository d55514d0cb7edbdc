import type { HostFiles } from '../host-files.ts';
import type { GpuProcess } from '../inventory.ts';
import type { KfdNode } from './kfd-topology.ts';
import { readSysfsNumber } from './sysfs-number.ts';

const PROCESSES = '/sys/class/kfd/kfd/proc';
const MIB = 1024 * 1024;

/** Programs with a compute context, one entry per device; a divided card counts as one device. */
export async function readKfdProcesses(files: HostFiles, nodes: readonly KfdNode[]): Promise<readonly GpuProcess[]> {
  const processes: GpuProcess[] = [];
  for (const name of (await files.list(PROCESSES)) ?? []) {
    if (!/^[1-9]\d{0,9}$/.test(name)) continue;
    const bytesByAddress = new Map<string, number>();
    for (const { address, gpuId } of nodes) {
      if (gpuId === undefined) continue;
      // The file exists for every device that the program has opened, used or not.
      const bytes = await readSysfsNumber(files, `${PROCESSES}/${name}/vram_${gpuId}`);
      if (bytes !== undefined && bytes > 0) bytesByAddress.set(address, (bytesByAddress.get(address) ?? 0) + bytes);
    }
    const program = (await files.read(`/proc/${name}/comm`)).text?.trim();
    for (const [pciAddress, bytes] of bytesByAddress) {
      processes.push({
        pciAddress,
        pid: Number(name),
        ...(program === undefined || program === '' ? {} : { name: program }),
        memoryMiB: Math.ceil(bytes / MIB),
      });
    }
  }
  return processes;
}
