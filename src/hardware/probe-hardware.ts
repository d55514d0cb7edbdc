import { cpuProbe } from './cpu/cpu-probe.ts';
import { hostFiles } from './host-files.ts';
import type { Inventory } from './inventory.ts';
import { memoryProbe } from './memory/memory-probe.ts';
import type { ProbeContext } from './probe.ts';

export interface ProbeOptions {
  /** Where the machine's `/proc`, `/sys` and `/etc` are mounted; `/` unless a container or a test moved them. */
  readonly hostRoot?: string;
  /** The NVIDIA tool; looked up in `PATH` by default. */
  readonly nvidiaSmi?: string;
  readonly signal?: AbortSignal;
}

/** What this machine has. Never throws for odd hardware: what could not be read is absent and named in `problems`. */
export async function probeHardware(options: ProbeOptions = {}): Promise<Inventory> {
  const context: ProbeContext = {
    files: hostFiles(options.hostRoot),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  };
  const [cpu, memory] = await Promise.all([cpuProbe.probe(context), memoryProbe.probe(context)]);
  return { cpu: cpu.value, memory: memory.value, gpus: [], problems: [...cpu.problems, ...memory.problems] };
}
