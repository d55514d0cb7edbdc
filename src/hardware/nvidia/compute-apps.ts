import { MEMORY_MIB } from '../gpu-ranges.ts';
import type { GpuProcess } from '../inventory.ts';
import { normalizePciAddress } from '../pci/pci-address.ts';
import { parseCellNumber, parseSmiCell } from './smi-cell.ts';
import { parseSmiTable } from './smi-table.ts';

/** Fields of `--query-compute-apps`; the name last, because programs may have commas in theirs. */
export const APP_FIELDS = ['gpu_bus_id', 'pid', 'used_gpu_memory', 'process_name'] as const;

/** A table without rows is an answer: nobody uses the device. `undefined` when it is no such table. */
export function parseComputeApps(stdout: string): readonly GpuProcess[] | undefined {
  const table = parseSmiTable(stdout, APP_FIELDS);
  if (!table.headerFound) return undefined;
  return table.rows.flatMap((row) => {
    const pciAddress = normalizePciAddress(row.get('gpu_bus_id') ?? '');
    const pid = parseCellNumber(row.get('pid') ?? '', { min: 0, max: 2 ** 32 - 1 }).value;
    if (pciAddress === undefined || pid === undefined || !Number.isInteger(pid)) return [];
    const memoryMiB = parseCellNumber(row.get('used_gpu_memory') ?? '', MEMORY_MIB).value;
    const name = parseSmiCell(row.get('process_name') ?? '');
    return [
      {
        pciAddress,
        pid,
        ...(name.kind === 'text' ? { name: name.text } : {}),
        ...(memoryMiB === undefined ? {} : { memoryMiB }),
      },
    ];
  });
}
