import { basename } from 'node:path';
import { AmdProbe } from './amd/amd-probe.ts';
import { cpuProbe } from './cpu/cpu-probe.ts';
import { type CpuTimes, parseCpuTimes } from './cpu/cpu-times.ts';
import { hostFiles } from './host-files.ts';
import type { GpuDevice, GpuProcess, GpuReadings, HardwareProblem, Inventory } from './inventory.ts';
import { keepKnown } from './keep-known.ts';
import { memoryProbe } from './memory/memory-probe.ts';
import { NvidiaProbe } from './nvidia/nvidia-probe.ts';
import { comparePciAddresses } from './pci/pci-address.ts';
import { pciProbe } from './pci/pci-scan.ts';
import type { FoundGpu, GpuProbe, ProbeContext, ProbeResult } from './probe.ts';
import { DEFAULT_TOOL_LIMITS, type ToolLimits, VendorTool } from './vendor-tool.ts';

/** One file read or one tool called. */
export interface Access {
  /** A path below the root of the machine, or a command line. */
  readonly name: string;
  /** Why nothing came of it; `undefined` when something did. */
  readonly failure: string | undefined;
}

export interface HardwareOptions {
  /** Where the machine's `/proc`, `/sys` and `/etc` are mounted; `/` unless a container or a test moved them. */
  readonly hostRoot?: string;
  /** The NVIDIA tool; looked up in `PATH` by default. */
  readonly nvidiaSmi?: string;
  /** AMD's tools, asked only for a product name that the kernel does not know; looked up in `PATH` by default. */
  readonly amdSmi?: string;
  readonly rocmSmi?: string;
  /** How long a vendor's tool may take and how much it may say. */
  readonly toolLimits?: ToolLimits;
  /** Told of every file read and every tool called, in order, for explanations. */
  readonly onAccess?: (access: Access) => void;
  /** Told how long each source took, for metrics. */
  readonly onProbed?: (source: HardwareProblem['source'], durationMs: number) => void;
}

export interface ProbeOptions extends HardwareOptions {
  /** Aborting kills running tools; what is known by then is returned. */
  readonly signal?: AbortSignal;
}

/** The fast-moving values of one moment. */
export interface GpuSample {
  /** By PCI address; a device that did not answer is absent. */
  readonly readings: ReadonlyMap<string, GpuReadings>;
  readonly problems: readonly HardwareProblem[];
}

export interface GpuProcesses {
  readonly processes: readonly GpuProcess[];
  readonly problems: readonly HardwareProblem[];
}

/**
 * Looks at one machine again and again. It remembers what a driver has refused to tell and what a card told while it
 * was well, and starts no second tool while an earlier one hangs, so whoever looks more than once keeps one of these.
 * Nothing here ever throws for odd hardware: what could not be read is absent and named in `problems`.
 */
export class Hardware {
  readonly #files: ReturnType<typeof hostFiles>;
  readonly #vendors: readonly GpuProbe[];
  readonly #onProbed: (source: HardwareProblem['source'], durationMs: number) => void;
  /** What each GPU told when it last was well, by PCI address. */
  readonly #known = new Map<string, FoundGpu>();

  constructor(options: HardwareOptions = {}) {
    const limits = options.toolLimits ?? DEFAULT_TOOL_LIMITS;
    const { onAccess = () => undefined } = options;
    this.#files = hostFiles(options.hostRoot, undefined, (name, failure) => onAccess({ name, failure }));
    const tool = (path: string): VendorTool => {
      const made = new VendorTool(path, limits);
      made.onCall = (args, outcome) => {
        const failure = outcome.kind === 'failed' ? outcome.reason : undefined;
        onAccess({ name: [basename(path), ...args].join(' '), failure });
      };
      return made;
    };
    this.#onProbed = options.onProbed ?? (() => undefined);
    this.#vendors = [
      new NvidiaProbe(tool(options.nvidiaSmi ?? 'nvidia-smi')),
      new AmdProbe(tool(options.amdSmi ?? 'amd-smi'), tool(options.rocmSmi ?? 'rocm-smi')),
    ];
  }

  async probe(signal?: AbortSignal): Promise<Inventory> {
    const context = this.#context(signal);
    const [cpu, memory, gpus] = await Promise.all([
      this.#timed('cpu', cpuProbe.probe(context)),
      this.#timed('memory', memoryProbe.probe(context)),
      this.#probeGpus(context),
    ]);
    return {
      cpu: cpu.value,
      memory: memory.value,
      gpus: gpus.value,
      problems: [...cpu.problems, ...memory.problems, ...gpus.problems],
    };
  }

  /** Readings of GPUs that {@link probe} found. */
  async readGpus(gpus: readonly GpuDevice[], signal?: AbortSignal): Promise<GpuSample> {
    const context = this.#context(signal);
    const results = await Promise.all(this.#vendors.map((vendor) => vendor.read(context, gpus)));
    return {
      readings: new Map(results.flatMap((result) => [...result.value])),
      problems: results.flatMap((result) => result.problems),
    };
  }

  /** Programs on GPUs that {@link probe} found; an empty list with problems means that nobody could tell. */
  async gpuProcesses(gpus: readonly GpuDevice[], signal?: AbortSignal): Promise<GpuProcesses> {
    const context = this.#context(signal);
    const results = await Promise.all(this.#vendors.map((vendor) => vendor.processes(context, gpus)));
    return {
      processes: results.flatMap((result) => result.value),
      problems: results.flatMap((result) => result.problems),
    };
  }

  /** What the processors have done so far; `undefined` when the kernel does not tell. */
  async cpuTimes(): Promise<CpuTimes | undefined> {
    return parseCpuTimes((await this.#files.read('/proc/stat')).text ?? '');
  }

  async #timed<T>(source: HardwareProblem['source'], work: Promise<T>): Promise<T> {
    const startedMs = performance.now();
    const result = await work;
    this.#onProbed(source, performance.now() - startedMs);
    return result;
  }

  #context(signal: AbortSignal | undefined): ProbeContext {
    return { files: this.#files, ...(signal === undefined ? {} : { signal }) };
  }

  async #probeGpus(context: ProbeContext): Promise<ProbeResult<readonly GpuDevice[]>> {
    const pci = await this.#timed('pci', pciProbe.probe(context));
    const results = await Promise.all(
      this.#vendors.map((vendor) => {
        const expected = pci.value.gpus.filter((gpu) => gpu.vendor === vendor.vendor);
        const described = vendor.describe(context, expected, pci.value.readable);
        return this.#timed(vendor.vendor === 'AMD' ? 'amd' : 'nvidia', described);
      }),
    );
    const gpus = results
      .flatMap((result) => result.value)
      .map((gpu) => keepKnown(gpu, this.#known.get(gpu.pciAddress)));
    for (const gpu of gpus) if (gpu.health === 'ok') this.#known.set(gpu.pciAddress, gpu);
    return {
      value: numbered(gpus),
      problems: [...pci.problems, ...results.flatMap((result) => result.problems)],
    };
  }
}

/** What this machine has, looked at once. Never throws for odd hardware. */
export function probeHardware(options: ProbeOptions = {}): Promise<Inventory> {
  return new Hardware(options).probe(options.signal);
}

/** The fast-moving values of GPUs, read once. */
export function readGpus(gpus: readonly GpuDevice[], options: ProbeOptions = {}): Promise<GpuSample> {
  return new Hardware(options).readGpus(gpus, options.signal);
}

/** Numbers in PCI-address order, lost and passed-through devices included: none of them renumbers the others. */
function numbered(gpus: readonly FoundGpu[]): readonly GpuDevice[] {
  return [...gpus]
    .sort((a, b) => comparePciAddresses(a.pciAddress, b.pciAddress))
    .map((gpu, index) => ({ ...gpu, index }));
}
