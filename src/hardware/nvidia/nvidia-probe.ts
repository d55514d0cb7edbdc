import type { GpuDevice, GpuProcess, GpuReadings, HardwareProblem } from '../inventory.ts';
import { normalizePciAddress } from '../pci/pci-address.ts';
import type { PciGpu } from '../pci/pci-gpu.ts';
import type { FoundGpu, GpuProbe, ProbeContext, ProbeResult } from '../probe.ts';
import { bareGpu, isPassedThrough } from '../unusable-gpu.ts';
import { VendorTool } from '../vendor-tool.ts';
import { APP_FIELDS, parseComputeApps } from './compute-apps.ts';
import { parseMigSlices } from './mig-slices.ts';
import { type DescribedGpu, describeRow } from './nvidia-device.ts';
import { readingsOfRow } from './nvidia-readings.ts';
import { type ProcDriver, readProcDriver } from './proc-driver.ts';
import { parseSmiCell } from './smi-cell.ts';
import { DESCRIBE_FIELDS, FieldChoice, HEALTH_FIELDS, READING_FIELDS } from './smi-fields.ts';
import { concernsWholeTool, querySmi, type SmiAnswer } from './smi-query.ts';
import type { SmiRow } from './smi-table.ts';
import { describeTegra, readTegra, SOC_ADDRESS } from './tegra.ts';

type Problems = HardwareProblem[];

/** NVIDIA GPUs through `nvidia-smi`, and through the kernel module's files where the tool is missing. */
export class NvidiaProbe implements GpuProbe {
  readonly vendor = 'NVIDIA';
  readonly #tool: VendorTool;
  readonly #choice = new FieldChoice();

  constructor(tool: VendorTool = new VendorTool('nvidia-smi')) {
    this.#tool = tool;
  }

  async describe(
    context: ProbeContext,
    expected: readonly PciGpu[],
    busReadable: boolean,
  ): Promise<ProbeResult<readonly FoundGpu[]>> {
    const problems: Problems = [];
    const driver = await readProcDriver(context.files);
    const reachable = expected.filter((gpu) => !isPassedThrough(gpu) && !gpu.lost);
    // Without a bus to look at, a loaded driver is the sign that there is something to ask about.
    const worthAsking = reachable.length > 0 || (driver.loaded && !busReadable);
    const described = worthAsking
      ? await this.#ask(context, expected, reachable, problems)
      : new Map<string, FoundGpu>();
    for (const gpu of expected) {
      if (!described.has(gpu.address)) described.set(gpu.address, silentGpu(gpu, driver));
    }
    const tegra = await describeTegra(context.files);
    const found = [...described.values(), ...(tegra === undefined ? [] : [tegra])];
    return { value: withoutSharedUuids(found, problems), problems };
  }

  async read(
    context: ProbeContext,
    gpus: readonly GpuDevice[],
  ): Promise<ProbeResult<ReadonlyMap<string, GpuReadings>>> {
    const wanted = new Set(answering(gpus).map((gpu) => gpu.pciAddress));
    const readings = new Map<string, GpuReadings>();
    if (wanted.delete(SOC_ADDRESS)) readings.set(SOC_ADDRESS, await readTegra(context.files));
    if (wanted.size === 0) return { value: readings, problems: [] };
    const answer = await this.#query(context, READING_FIELDS);
    const problems = [...answer.problems];
    for (const row of answer.rows) {
      const address = normalizePciAddress(row.get('pci.bus_id') ?? '');
      if (address === undefined || !wanted.has(address)) continue;
      const read = readingsOfRow(row);
      readings.set(address, read.readings);
      for (const field of read.invalid) {
        const detail = `${field} reads ${row.get(field) ?? ''}`;
        problems.push({ source: 'nvidia', reason: 'reading_invalid', detail, device: address });
      }
    }
    return { value: readings, problems };
  }

  async processes(context: ProbeContext, gpus: readonly GpuDevice[]): Promise<ProbeResult<readonly GpuProcess[]>> {
    const wanted = new Set(answering(gpus).map((gpu) => gpu.pciAddress));
    // The driver of a Jetson keeps no list of processes.
    wanted.delete(SOC_ADDRESS);
    if (wanted.size === 0) return { value: [], problems: [] };
    const outcome = await this.#tool.run(
      [`--query-compute-apps=${APP_FIELDS.join(',')}`, '--format=csv,nounits'],
      context.signal,
    );
    const apps = outcome.kind === 'ended' ? parseComputeApps(outcome.stdout) : undefined;
    if (apps !== undefined) return { value: apps.filter((app) => wanted.has(app.pciAddress)), problems: [] };
    const [reason, detail] =
      outcome.kind === 'failed' ? [outcome.reason, outcome.detail] : ['unexpected_output', 'no table of processes'];
    return { value: [], problems: [{ source: 'nvidia', reason, detail: `nvidia-smi: ${detail}` }] };
  }

  #query(context: ProbeContext, fields: Parameters<typeof querySmi>[2], device?: string): Promise<SmiAnswer> {
    return querySmi(this.#tool, this.#choice, fields, {
      ...(device === undefined ? {} : { device }),
      ...(context.signal === undefined ? {} : { signal: context.signal }),
    });
  }

  /** Asks about all devices at once, then one by one about those that one sick device may have hidden. */
  async #ask(
    context: ProbeContext,
    expected: readonly PciGpu[],
    reachable: readonly PciGpu[],
    problems: Problems,
  ): Promise<Map<string, FoundGpu>> {
    const all = await this.#query(context, DESCRIBE_FIELDS);
    problems.push(...all.problems);
    const described = new Map<string, FoundGpu>();
    const byAddress = new Map(expected.map((gpu) => [gpu.address, gpu]));
    const take = (answer: SmiAnswer): void => {
      for (const row of answer.rows) keep(described, describe(row, byAddress), problems);
      markCorruptInfoRom(described, answer, problems);
    };
    take(all);
    // "No devices" for all of them will not become another answer for one of them.
    if (all.failure === undefined || !(concernsWholeTool(all.failure) || all.failure === 'no_devices')) {
      for (const gpu of reachable) {
        if (described.has(gpu.address)) continue;
        const alone = await this.#query(context, DESCRIBE_FIELDS, gpu.address);
        take(alone);
        if (described.has(gpu.address)) continue;
        const lost = alone.failure === 'device_lost' || namesAsLost(all, gpu.address);
        described.set(gpu.address, bareGpu(gpu, lost ? 'lost' : 'unknown'));
        if (alone.failure === undefined) continue;
        problems.push(...(alone.failure === 'no_devices' ? [notVisible(gpu.address)] : alone.problems));
        // What happened to the tool meanwhile would happen again for every other device.
        if (concernsWholeTool(alone.failure)) break;
      }
    }
    if (described.size > 0 && [...described.values()].some((gpu) => gpu.driverVersion !== undefined)) {
      await this.#addHealth(context, described, problems);
      await this.#addSlices(context, described, problems);
    }
    return described;
  }

  /** Fields that not every driver knows: what the driver wants done about a sick device, and how it finds memory. */
  async #addHealth(context: ProbeContext, described: Map<string, FoundGpu>, problems: Problems): Promise<void> {
    if (this.#choice.choose(HEALTH_FIELDS).length <= 2) return;
    const answer = await this.#query(context, HEALTH_FIELDS);
    for (const row of answer.rows) {
      const address = normalizePciAddress(row.get('pci.bus_id') ?? '');
      const gpu = address === undefined ? undefined : described.get(address);
      if (address === undefined || gpu === undefined) continue;
      let next = gpu;
      const action = parseSmiCell(row.get('gpu_recovery_action') ?? '');
      if (action.kind === 'text' && action.text !== 'None' && gpu.health === 'ok') {
        next = { ...next, health: 'degraded' };
        const detail = `the driver asks for: ${action.text}`;
        problems.push({ source: 'nvidia', reason: 'recovery_needed', detail, device: address });
      }
      // ATS: the device finds its memory through the host's page tables, so it has none of its own to report.
      if (parseSmiCell(row.get('addressing_mode') ?? '').kind === 'text' && row.get('addressing_mode') === 'ATS') {
        next = asUnified(next, problems);
      }
      described.set(address, next);
    }
  }

  /** The memory of the smallest slice, which is all that a pod on a divided card can count on. */
  async #addSlices(context: ProbeContext, described: Map<string, FoundGpu>, problems: Problems): Promise<void> {
    for (const [address, gpu] of described) {
      if (!gpu.mig || gpu.health === 'lost') continue;
      const outcome = await this.#tool.run(['-q', '-x', '-i', address], context.signal);
      const slices = outcome.kind === 'ended' ? parseMigSlices(outcome.stdout) : undefined;
      if (slices === undefined || slices.length === 0) {
        const detail = 'the sizes of the MIG slices could not be read, so no memory is given for this card';
        problems.push({ source: 'nvidia', reason: 'mig_slices_unknown', detail, device: address });
      } else {
        described.set(address, { ...gpu, vramMiB: Math.min(...slices), partitions: slices.length });
      }
    }
  }
}

/** Devices that can answer at all. */
function answering(gpus: readonly GpuDevice[]): readonly GpuDevice[] {
  return gpus.filter((gpu) => gpu.vendor === 'NVIDIA' && gpu.unusable === undefined && gpu.health !== 'lost');
}

function describe(row: SmiRow, byAddress: ReadonlyMap<string, PciGpu>): DescribedGpu | undefined {
  return describeRow(row, byAddress.get(normalizePciAddress(row.get('pci.bus_id') ?? '') ?? ''));
}

function keep(described: Map<string, FoundGpu>, found: DescribedGpu | undefined, problems: Problems): void {
  if (found === undefined) {
    problems.push({ source: 'nvidia', reason: 'bad_row', detail: 'a row names no device' });
  } else if (!described.has(found.gpu.pciAddress)) {
    described.set(found.gpu.pciAddress, found.gpu);
    problems.push(...found.problems);
  }
}

/** Exit status 14 comes with good rows: the card works, but its own memory of what it is has a fault. */
function markCorruptInfoRom(described: Map<string, FoundGpu>, answer: SmiAnswer, problems: Problems): void {
  for (const message of answer.messages) {
    if (message.reason !== 'inforom_corrupted') continue;
    for (const [address, gpu] of described) {
      if ((message.address ?? address) !== address) continue;
      if (gpu.health === 'ok') described.set(address, { ...gpu, health: 'degraded' });
      problems.push({ source: 'nvidia', reason: 'inforom_corrupted', detail: 'infoROM is corrupted', device: address });
    }
  }
}

/** The bus shows the device and the tool does not: usual in a container that was given only some of the devices. */
function notVisible(device: string): HardwareProblem {
  return { source: 'nvidia', reason: 'not_visible', detail: 'nvidia-smi does not show this device', device };
}

function namesAsLost(answer: SmiAnswer, address: string): boolean {
  return answer.messages.some((message) => message.reason === 'device_lost' && message.address === address);
}

function asUnified(gpu: FoundGpu, problems: Problems): FoundGpu {
  if (gpu.vramMiB !== undefined || gpu.mig || gpu.memoryType === 'unified') return gpu;
  const index = problems.findIndex((each) => each.reason === 'memory_unknown' && each.device === gpu.pciAddress);
  if (index >= 0) problems.splice(index, 1);
  return { ...gpu, memoryType: 'unified', integrated: true, health: gpu.health === 'degraded' ? 'ok' : gpu.health };
}

/** A device that the tool said nothing about, with what the kernel module knows of it. */
function silentGpu(gpu: PciGpu, driver: ProcDriver): FoundGpu {
  if (gpu.lost) return bareGpu(gpu, 'lost');
  const known = driver.gpus.get(gpu.address);
  return bareGpu(gpu, 'unknown', {
    ...(known?.model === undefined ? {} : { product: known.model }),
    ...(known?.uuid === undefined ? {} : { uuid: known.uuid }),
    ...(driver.version === undefined || gpu.driver !== 'nvidia' ? {} : { driverVersion: driver.version }),
  });
}

/** A UUID that two devices claim identifies neither; the PCI address does. */
function withoutSharedUuids(gpus: readonly FoundGpu[], problems: Problems): readonly FoundGpu[] {
  const owners = new Map<string, number>();
  for (const { uuid } of gpus) if (uuid !== undefined) owners.set(uuid, (owners.get(uuid) ?? 0) + 1);
  return gpus.map((gpu) => {
    if (gpu.uuid === undefined || owners.get(gpu.uuid) === 1) return gpu;
    const { uuid, ...rest } = gpu;
    const detail = `another device also calls itself ${uuid}`;
    problems.push({ source: 'nvidia', reason: 'duplicate_uuid', detail, device: gpu.pciAddress });
    return rest;
  });
}
