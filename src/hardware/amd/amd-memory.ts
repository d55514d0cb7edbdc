import type { HostFiles } from '../host-files.ts';
import type { KfdNode } from './kfd-topology.ts';
import { readSysfsNumber } from './sysfs-number.ts';

const MIB = 1024 * 1024;
/** A GPU with less memory of its own than this, and more of the machine's, is part of a processor. */
const DISCRETE_FROM_BYTES = 4 * 1024 * MIB;

export interface AmdMemory {
  /** Memory of the device or of its smallest partition. */
  readonly vramMiB?: number;
  /** Whether the memory is a part of the machine's that the firmware has set aside. */
  readonly carveOut: boolean;
  readonly partitions: number;
}

/** @param nodes the compute nodes of this device: one, or one per partition */
export async function describeMemory(
  files: HostFiles,
  directory: string,
  nodes: readonly KfdNode[],
): Promise<AmdMemory> {
  const totalBytes = await readSysfsNumber(files, `${directory}/mem_info_vram_total`);
  const sharedBytes = await readSysfsNumber(files, `${directory}/mem_info_gtt_total`);
  const partitions = nodes.length;
  const carveOut =
    totalBytes !== undefined &&
    sharedBytes !== undefined &&
    totalBytes < DISCRETE_FROM_BYTES &&
    sharedBytes > totalBytes;
  const bytes = partitions > 1 ? smallest(nodes) : (totalBytes ?? smallest(nodes));
  return {
    ...(bytes === undefined || bytes < MIB ? {} : { vramMiB: Math.floor(bytes / MIB) }),
    carveOut,
    partitions,
  };
}

/** `undefined` when a partition does not tell: the whole card's memory would promise too much. */
function smallest(nodes: readonly KfdNode[]): number | undefined {
  let least: number | undefined;
  for (const { vramBytes } of nodes) {
    if (vramBytes === undefined) return undefined;
    least = Math.min(least ?? vramBytes, vramBytes);
  }
  return least;
}
