import { armCoreName } from './arm-cores.ts';
import { hasAvx512, x86Level } from './x86-level.ts';

/** What `/proc/cpuinfo` says, over all logical CPUs together. */
export interface CpuInfo {
  /** Absent when no line names the processor. */
  readonly model?: string;
  /** Absent when the text belongs to no architecture that we can tell. */
  readonly architecture?: string;
  /** `v1` … `v4` on x86-64; absent elsewhere, and when no flags are listed. */
  readonly x86Level?: string;
  readonly avx512: boolean;
  /** Processors listed; zero for an empty file. */
  readonly logicalCpus: number;
}

/**
 * Reads the text of `/proc/cpuinfo` of any architecture.
 *
 * Flags are intersected over the logical CPUs: a program may be moved to the weakest of them at any moment, so a
 * CPU without AVX-512 makes the machine one without.
 */
export function parseCpuInfo(text: string): CpuInfo {
  const cpus = blocksOf(text);
  const first = cpus[0];
  if (first === undefined) return { avx512: false, logicalCpus: 0 };
  const architecture = architectureOf(first);
  const model = modelOf(cpus);
  const flags = architecture === 'x86-64' ? commonFlags(cpus) : undefined;
  return {
    ...(model === undefined ? {} : { model }),
    ...(architecture === undefined ? {} : { architecture }),
    ...(flags === undefined ? {} : { x86Level: x86Level(flags) }),
    avx512: flags !== undefined && hasAvx512(flags),
    logicalCpus: cpus.length,
  };
}

type Block = ReadonlyMap<string, string>;

/** One block per logical CPU. Lines before the first `processor`, or after the blocks, describe no CPU. */
function blocksOf(text: string): readonly Block[] {
  const blocks: Map<string, string>[] = [];
  for (const line of text.split(/\r?\n/)) {
    const colon = line.indexOf(':');
    if (colon < 0) continue;
    const key = line.slice(0, colon).trim();
    const value = line.slice(colon + 1).trim();
    if (key === 'processor' && /^\d+$/.test(value)) blocks.push(new Map());
    // The first value wins: old ARM kernels append the board's own `Hardware` and `Serial` lines to the last block.
    const block = blocks.at(-1);
    if (block !== undefined && !block.has(key)) block.set(key, value);
  }
  return blocks;
}

function architectureOf(block: Block): string | undefined {
  const flags = block.get('flags');
  if (flags !== undefined) return flags.split(/\s+/).includes('lm') ? 'x86-64' : 'ia32';
  if (block.has('CPU implementer')) return block.get('CPU architecture') === '8' ? 'arm64' : 'arm';
  const isa = block.get('isa');
  if (isa !== undefined) return isa.startsWith('rv64') ? 'riscv64' : undefined;
  return block.get('cpu')?.startsWith('POWER') === true ? 'ppc64' : undefined;
}

/** The name of the most numerous core, so that a big.LITTLE part is named by one core, always the same. */
function modelOf(cpus: readonly Block[]): string | undefined {
  const counts = new Map<string, number>();
  for (const cpu of cpus) {
    const name = nameOf(cpu);
    if (name !== undefined) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))[0]?.[0];
}

function nameOf(cpu: Block): string | undefined {
  const name = cpu.get('model name') ?? cpu.get('cpu model') ?? cpu.get('uarch') ?? cpu.get('cpu');
  if (name !== undefined && name !== '') return name.replace(/\s+/g, ' ');
  const implementer = cpu.get('CPU implementer');
  const part = cpu.get('CPU part');
  return implementer === undefined || part === undefined ? undefined : armCoreName(implementer, part);
}

/** Flags that every CPU has; `undefined` when a CPU lists none, because then nothing is known about it. */
function commonFlags(cpus: readonly Block[]): ReadonlySet<string> | undefined {
  const lines = new Set<string>();
  for (const cpu of cpus) {
    const flags = cpu.get('flags');
    if (flags === undefined) return undefined;
    lines.add(flags);
  }
  // Hundreds of CPUs usually share one line: compare the distinct ones only.
  const [first = [], ...others] = [...lines].map((line) => line.split(/\s+/));
  const sets = others.map((flags) => new Set(flags));
  return new Set(first.filter((flag) => sets.every((set) => set.has(flag))));
}
