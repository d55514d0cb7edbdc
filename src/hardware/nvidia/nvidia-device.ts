import { MEMORY_MIB } from '../gpu-ranges.ts';
import type { GpuHealth, HardwareProblem } from '../inventory.ts';
import { normalizePciAddress } from '../pci/pci-address.ts';
import type { PciGpu } from '../pci/pci-gpu.ts';
import type { FoundGpu } from '../probe.ts';
import { readingsOfRow } from './nvidia-readings.ts';
import { parseCellNumber, parseSmiCell } from './smi-cell.ts';
import type { SmiRow } from './smi-table.ts';

export interface DescribedGpu {
  readonly gpu: FoundGpu;
  readonly problems: readonly HardwareProblem[];
}

/**
 * Parts that share the machine's memory and therefore report none of their own, by PCI device id or by name.
 * Sources: nvitop PR 208 (GB10), NVIDIA Jetson documentation (Orin, Thor, Xavier), pci.ids (2e12).
 */
const UNIFIED_IDS = new Set(['2e12']);
const UNIFIED_NAMES = /\b(GB10|Orin|Thor|Xavier|Tegra)\b/i;

/** One row of the table as a device; `undefined` when it does not say which device it is about. */
export function describeRow(row: SmiRow, expected: PciGpu | undefined): DescribedGpu | undefined {
  const pciAddress = normalizePciAddress(row.get('pci.bus_id') ?? '');
  if (pciAddress === undefined || !/^\d{1,4}$/.test(row.get('index') ?? '')) return undefined;
  const problems: HardwareProblem[] = [];
  const problem = (reason: string, detail: string): void =>
    void problems.push({ source: 'nvidia', reason, detail, device: pciAddress });

  const product = textOf(row, 'name');
  const driverVersion = textOf(row, 'driver_version');
  const uuid = parseUuid(row.get('uuid') ?? '');
  const arch = parseComputeCapability(row.get('compute_cap') ?? '');
  const deviceId = expected?.deviceId || parseDeviceId(row.get('pci.device_id') ?? '') || '';
  const mig = textOf(row, 'mig.mode.current') === 'Enabled';
  const total = parseCellNumber(row.get('memory.total') ?? '', { ...MEMORY_MIB, min: 1 }).value;
  const unified =
    total === undefined && (UNIFIED_IDS.has(deviceId) || UNIFIED_NAMES.test(product ?? '') || addressesHostMemory(row));

  const complaints: boolean[] = [];
  for (const [field, raw] of row) {
    const cell = parseSmiCell(raw);
    if (cell.kind === 'sick') {
      complaints.push(cell.lost);
      problem(cell.lost ? 'device_lost' : 'device_error', `${field} reads ${cell.text}`);
    } else if (cell.kind === 'absent' && cell.reason === 'no_permission') {
      problem('no_permission', `the driver refuses ${field} to this process`);
    }
  }
  const memoryUnknown = total === undefined && !unified;
  if (memoryUnknown && complaints.length === 0) {
    problem('memory_unknown', `memory.total reads ${row.get('memory.total') ?? ''}`);
  }
  const health: GpuHealth = complaints.includes(true)
    ? 'lost'
    : memoryUnknown || complaints.length > 0
      ? 'degraded'
      : 'ok';
  const { readings, invalid } = readingsOfRow(row);
  for (const field of invalid) problem('reading_invalid', `${field} reads ${row.get(field) ?? ''}`);

  return {
    gpu: {
      vendor: 'NVIDIA',
      pciAddress,
      pciDeviceId: deviceId,
      ...(uuid === undefined ? {} : { uuid }),
      ...(product === undefined ? {} : { product }),
      ...(arch === undefined ? {} : { arch }),
      // The whole card's memory says nothing about a slice of it; slices are asked for separately.
      ...(total === undefined || mig ? {} : { vramMiB: Math.floor(total) }),
      memoryType: unified ? 'unified' : total === undefined ? 'unknown' : 'dedicated',
      integrated: unified,
      mig,
      ...(driverVersion === undefined ? {} : { driverVersion }),
      ...(expected?.driver === undefined ? {} : { kernelDriver: expected.driver }),
      health,
      readings,
    },
    problems,
  };
}

function textOf(row: SmiRow, field: string): string | undefined {
  const cell = parseSmiCell(row.get(field) ?? '');
  return cell.kind === 'text' ? cell.text : undefined;
}

/** `9.0` gives `sm_90`, `12.1` gives `sm_121`. */
export function parseComputeCapability(text: string): string | undefined {
  const match = /^([1-9]\d?)\.(\d)$/.exec(text.trim());
  return match === null ? undefined : `sm_${match[1]}${match[2]}`;
}

/** The device's half of `0x233010DE`: device id, then vendor id, in one number. */
function parseDeviceId(text: string): string | undefined {
  return /^0x([0-9a-f]{4})10de$/i.exec(text.trim())?.[1]?.toLowerCase();
}

/** `undefined` for the all-zero UUID that some virtual GPUs carry, which names nobody. */
function parseUuid(text: string): string | undefined {
  const match = /^GPU-[0-9a-f-]{36}$/i.exec(text.trim());
  return match === null || /^GPU-[0-]+$/i.test(match[0]) ? undefined : match[0];
}

/** `ATS`: the device reaches the host's memory through the host's page tables. */
function addressesHostMemory(row: SmiRow): boolean {
  return textOf(row, 'addressing_mode') === 'ATS';
}
