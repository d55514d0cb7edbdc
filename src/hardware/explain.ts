import { cpuClass, gpuClass } from './device-classes.ts';
import type { GpuDevice, Inventory } from './inventory.ts';
import type { Access } from './probe-hardware.ts';

/** One value and what it was taken from. */
export interface ExplainedValue {
  readonly device: string;
  readonly value: string;
  readonly is: string;
  /** Files and commands that told it; a name in brackets is a rule or a table of FlexInfer's own. */
  readonly from: readonly string[];
}

const CLASS_RULE = '(rule: product, architecture, memory)';

/** Where each value of an inventory came from, by what was really read and called. */
export function explainInventory(inventory: Inventory, accesses: readonly Access[]): readonly ExplainedValue[] {
  const told = [...new Set(accesses.filter(({ failure }) => failure === undefined).map(({ name }) => name))];
  const matching = (...patterns: readonly (RegExp | undefined)[]): readonly string[] =>
    summarised(told.filter((name) => patterns.some((pattern) => pattern?.test(name) ?? false)));
  const { cpu, memory } = inventory;
  const row = (
    device: string,
    value: string,
    is: string | number | boolean | undefined,
    from: readonly string[],
  ): readonly ExplainedValue[] => (is === undefined ? [] : [{ device, value, is: String(is), from }]);
  const cpuinfo = matching(/^\/proc\/cpuinfo$/);
  return [
    ...row('cpu', 'model', cpu.model, cpuinfo),
    ...row('cpu', 'level', cpu.level, cpuinfo),
    ...row('cpu', 'avx512', cpu.avx512, cpuinfo),
    ...row('cpu', 'cores', cpu.allocatableCores, [
      ...matching(/^\/proc\/self\/status$/, /\/cpu\.max$/, /cpu\.cfs_/),
      '(not more than there are processors)',
    ]),
    ...row('cpu', 'memory', `${memory.totalMiB} MiB`, matching(/^\/proc\/meminfo$/, /\/memory\.(max|limit_in_bytes)$/)),
    ...row('cpu', 'class', cpuClass(inventory), ['(rule: model, level, cores)']),
    ...inventory.gpus.flatMap((gpu) => {
      const name = `gpu ${gpu.index}`;
      const sources = gpu.vendor === 'NVIDIA' ? nvidiaSources(gpu) : amdSources(gpu);
      const readings = Object.keys(gpu.readings).length;
      return [
        ...row(name, 'vendor', gpu.vendor, matching(pciFile(gpu, 'vendor'), pciFile(gpu, 'class'), sources.bus)),
        ...row(name, 'product', gpu.product, [...matching(sources.product), ...sources.productRule]),
        ...row(name, 'arch', gpu.arch, [...matching(sources.arch), ...sources.archRule]),
        ...row(name, 'memory', gpu.vramMiB && `${gpu.vramMiB} MiB`, matching(...sources.memory)),
        ...row(name, 'driver', gpu.driverVersion, matching(...sources.driver)),
        ...row(name, 'readings', readings === 0 ? undefined : readings, matching(sources.readings)),
        ...row(name, 'class', gpuClass(gpu), [CLASS_RULE]),
      ];
    }),
  ];
}

interface Sources {
  readonly bus?: RegExp;
  readonly product: RegExp;
  readonly productRule: readonly string[];
  readonly arch: RegExp;
  readonly archRule: readonly string[];
  readonly memory: readonly (RegExp | undefined)[];
  readonly driver: readonly RegExp[];
  readonly readings: RegExp;
}

function nvidiaSources(gpu: GpuDevice): Sources {
  if (gpu.pciAddress.startsWith('soc:')) {
    const board = /^\/(proc\/device-tree|sys\/devices\/soc0|etc\/nv_tegra_release)/;
    return {
      bus: board,
      product: board,
      productRule: [],
      arch: board,
      archRule: ['(table of Tegra chips)'],
      memory: [],
      driver: [/nv_tegra_release/],
      readings: /\/(gpu\/load|thermal_zone\d+\/temp|\d+\.gpu\/load)$/,
    };
  }
  const table = /nvidia-smi --query-gpu=.*memory\.total/;
  const driver = /^\/proc\/driver\/nvidia\//;
  return {
    product: gpu.health === 'unknown' ? driver : table,
    productRule: [],
    arch: table,
    archRule: [],
    memory: gpu.mig ? [/nvidia-smi -q -x/] : [table],
    driver: gpu.health === 'unknown' ? [driver] : [table],
    readings: table,
  };
}

function amdSources(gpu: GpuDevice): Sources {
  return {
    product: /(^\S*(amd|rocm)-smi )|product_name$/,
    productRule: ['(table of products by PCI id)'],
    arch: /\/kfd\/topology\/nodes\/\d+\/properties$/,
    archRule: [],
    memory: gpu.partitions === undefined ? [/\/mem_info_vram_total$/] : [/\/kfd\/.*\/mem_banks\/\d+\/properties$/],
    driver: [/^\/sys\/module\/amdgpu\/version$/, /^\/proc\/sys\/kernel\/osrelease$/],
    readings: /\/(hwmon\/.*|gpu_busy_percent|mem_info_vram_used)$/,
  };
}

function pciFile(gpu: GpuDevice, name: string): RegExp | undefined {
  if (!/^[0-9a-f:.]+$/.test(gpu.pciAddress)) return undefined;
  return new RegExp(`^/sys/bus/pci/devices/${gpu.pciAddress.replaceAll('.', '\\.')}/${name}$`);
}

/** Command lines without their long lists, and files that differ only in a number as one, with a star for it. */
function summarised(names: readonly string[]): readonly string[] {
  const groups = new Map<string, string[]>();
  for (const name of names) {
    const pattern = name.startsWith('/') ? name.replace(/\d+/g, '*') : name;
    groups.set(pattern, [...(groups.get(pattern) ?? []), name]);
  }
  const lines = [...groups].map(([pattern, [only = pattern, ...others]]) => (others.length === 0 ? only : pattern));
  return lines.map((line) => line.replace(/(--query-gpu=\S{24})\S+.*$/, '$1…'));
}
