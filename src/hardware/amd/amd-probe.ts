import type { HostFiles } from '../host-files.ts';
import type { GpuDevice, GpuProcess, GpuReadings, HardwareProblem } from '../inventory.ts';
import type { PciGpu } from '../pci/pci-gpu.ts';
import type { FoundGpu, GpuProbe, ProbeContext, ProbeResult } from '../probe.ts';
import { bareGpu, isPassedThrough } from '../unusable-gpu.ts';
import type { VendorTool } from '../vendor-tool.ts';
import { describeMemory } from './amd-memory.ts';
import { amdProduct } from './amd-products.ts';
import { readAmdReadings } from './amd-readings.ts';
import { askAmdTools } from './amd-tools.ts';
import { readDrmCards } from './drm-cards.ts';
import { isApuArch } from './gfx-name.ts';
import { readKfdProcesses } from './kfd-processes.ts';
import { type KfdNode, readKfdTopology } from './kfd-topology.ts';
import type { ToolFacts } from './rocm-smi.ts';

const DEVICES = '/sys/bus/pci/devices';

/** AMD GPUs from the kernel's files alone; the vendor's tools are asked at most for what those lack. */
export class AmdProbe implements GpuProbe {
  readonly vendor = 'AMD';
  readonly #amdSmi: VendorTool;
  readonly #rocmSmi: VendorTool;
  /** What the tools told; asked once per set of devices, because it never changes. */
  #asked: { readonly devices: string; readonly facts: ToolFacts } | undefined;
  /** Where each card's files are, as found when it was described; they do not move while it is there. */
  readonly #directories = new Map<string, string>();

  constructor(amdSmi: VendorTool, rocmSmi: VendorTool) {
    this.#amdSmi = amdSmi;
    this.#rocmSmi = rocmSmi;
  }

  async describe(context: ProbeContext, expected: readonly PciGpu[]): Promise<ProbeResult<readonly FoundGpu[]>> {
    const problems: HardwareProblem[] = [];
    if (expected.length === 0) return { value: [], problems };
    const { files } = context;
    const cards = await readDrmCards(files, expected);
    const nodes = await readKfdTopology(files);
    const driverVersion = await readDriverVersion(files);
    const gpus: FoundGpu[] = [];
    for (const gpu of expected) {
      // The card's own directory, or the bus's view of the same device where there is no graphics class.
      const directory = cards.get(gpu.address) ?? `${DEVICES}/${gpu.address}`;
      gpus.push(await describeOne(files, gpu, directory, nodes, driverVersion, problems));
      this.#directories.set(gpu.address, directory);
    }
    return { value: await this.#completed(context, gpus, problems), problems };
  }

  async read(
    context: ProbeContext,
    gpus: readonly GpuDevice[],
  ): Promise<ProbeResult<ReadonlyMap<string, GpuReadings>>> {
    const readings = new Map<string, GpuReadings>();
    const wanted = answering(gpus);
    if (wanted.length === 0) return { value: readings, problems: [] };
    for (const { pciAddress } of wanted) {
      const directory = this.#directories.get(pciAddress) ?? `${DEVICES}/${pciAddress}`;
      readings.set(pciAddress, await readAmdReadings(context.files, directory));
    }
    return { value: readings, problems: [] };
  }

  async processes(context: ProbeContext, gpus: readonly GpuDevice[]): Promise<ProbeResult<readonly GpuProcess[]>> {
    const wanted = new Set(answering(gpus).map((gpu) => gpu.pciAddress));
    if (wanted.size === 0) return { value: [], problems: [] };
    const nodes = (await readKfdTopology(context.files)).filter((node) => wanted.has(node.address));
    return { value: await readKfdProcesses(context.files, nodes), problems: [] };
  }

  /** Fills in a product or a memory that only the vendor's tools know. */
  async #completed(
    context: ProbeContext,
    gpus: readonly FoundGpu[],
    problems: HardwareProblem[],
  ): Promise<readonly FoundGpu[]> {
    const wanting = gpus.filter((gpu) => gpu.kernelDriver === 'amdgpu' && gpu.health !== 'lost' && lacks(gpu));
    if (wanting.length === 0) return gpus;
    const devices = wanting.map((gpu) => gpu.pciAddress).join();
    let facts = this.#asked?.devices === devices ? this.#asked.facts : undefined;
    if (facts === undefined) {
      const answer = await askAmdTools(this.#amdSmi, this.#rocmSmi, context.signal);
      problems.push(...answer.problems);
      facts = answer.value;
      // A tool that is absent or was interrupted may answer next time; one that failed is not asked for ever.
      const settled = facts.size > 0 || answer.problems.some((problem) => problem.reason !== 'cancelled');
      if (settled) this.#asked = { devices, facts };
    }
    const known = facts;
    return gpus.map((gpu) => (wanting.includes(gpu) ? complete(gpu, known.get(gpu.pciAddress), problems) : gpu));
  }
}

/** Of a divided card the tools know the whole memory, which is not what is wanted. */
function lacks(gpu: FoundGpu): boolean {
  return gpu.product === undefined || (gpu.vramMiB === undefined && gpu.partitions === undefined);
}

function complete(
  gpu: FoundGpu,
  facts: { readonly product?: string; readonly vramMiB?: number } = {},
  problems: HardwareProblem[],
): FoundGpu {
  const named = {
    ...gpu,
    ...(gpu.product === undefined && facts.product !== undefined ? { product: facts.product } : {}),
  };
  if (gpu.vramMiB !== undefined || gpu.partitions !== undefined || facts.vramMiB === undefined) return named;
  const index = problems.findIndex((each) => each.reason === 'memory_unknown' && each.device === gpu.pciAddress);
  if (index >= 0) problems.splice(index, 1);
  return { ...named, vramMiB: facts.vramMiB, memoryType: gpu.integrated ? 'carveout' : 'dedicated', health: 'ok' };
}

function answering(gpus: readonly GpuDevice[]): readonly GpuDevice[] {
  return gpus.filter((gpu) => gpu.vendor === 'AMD' && gpu.unusable === undefined && gpu.health !== 'lost');
}

async function describeOne(
  files: HostFiles,
  gpu: PciGpu,
  directory: string,
  nodes: readonly KfdNode[],
  driverVersion: string | undefined,
  problems: HardwareProblem[],
): Promise<FoundGpu> {
  const product = amdProduct(gpu.deviceId, gpu.revision);
  const named = product === undefined ? {} : { product };
  if (gpu.lost) return bareGpu(gpu, 'lost', named);
  if (isPassedThrough(gpu)) return bareGpu(gpu, 'unknown', named);
  // Only amdgpu makes this file; without it somebody else holds the device, or nobody.
  const driven = gpu.driver === 'amdgpu' || (await files.read(`${directory}/mem_info_vram_total`)).text !== undefined;
  if (!driven) {
    const detail = gpu.driver === undefined ? 'no driver is bound to it' : `it is bound to ${gpu.driver}, not amdgpu`;
    problems.push({ source: 'amd', reason: 'driver_not_loaded', detail, device: gpu.address });
    return bareGpu(gpu, 'unknown', { ...named, unusable: 'no-driver' });
  }
  const own = nodes.filter((node) => node.address === gpu.address);
  const arch = own.find((node) => node.arch !== undefined)?.arch;
  const memory = await describeMemory(files, directory, own);
  if (memory.vramMiB === undefined) {
    const detail = 'neither the graphics nor the compute driver tells its memory';
    problems.push({ source: 'amd', reason: 'memory_unknown', detail, device: gpu.address });
  }
  const integrated = memory.carveOut || isApuArch(arch);
  const vendorName = (await files.read(`${directory}/product_name`)).text?.trim();
  const uniqueId = (await files.read(`${directory}/unique_id`)).text?.trim();
  return {
    vendor: 'AMD',
    pciAddress: gpu.address,
    pciDeviceId: gpu.deviceId,
    ...(uniqueId === undefined || !/^[0-9a-f]{8,32}$/i.test(uniqueId) ? {} : { uuid: uniqueId }),
    ...named,
    // The board's own memory of its name; the table comes first because two nodes must call one card the same.
    ...(product === undefined && vendorName !== undefined && vendorName !== '' ? { product: vendorName } : {}),
    ...(arch === undefined ? {} : { arch }),
    ...(memory.vramMiB === undefined ? {} : { vramMiB: memory.vramMiB }),
    memoryType: integrated ? 'carveout' : memory.vramMiB === undefined ? 'unknown' : 'dedicated',
    integrated,
    mig: false,
    ...(memory.partitions > 1 ? { partitions: memory.partitions } : {}),
    ...(driverVersion === undefined ? {} : { driverVersion }),
    kernelDriver: gpu.driver ?? 'amdgpu',
    health: memory.vramMiB === undefined ? 'degraded' : 'ok',
    readings: await readAmdReadings(files, directory),
  };
}

/** The version of a driver installed apart; the one in the kernel has none of its own and goes by the kernel's. */
async function readDriverVersion(files: HostFiles): Promise<string | undefined> {
  const own = (await files.read('/sys/module/amdgpu/version')).text?.trim();
  if (own !== undefined && own !== '') return own;
  const kernel = (await files.read('/proc/sys/kernel/osrelease')).text?.trim();
  return kernel === undefined || kernel === '' ? undefined : `linux-${kernel}`;
}
