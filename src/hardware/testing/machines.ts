import { h100Capture, h100Cells, h100Section } from './captures.ts';
import { drmCard, type HostTree, kfdCpuNode, kfdNode, pciDevice } from './host-tree.ts';
import type { Machine } from './install-machine.ts';

const GIB = 1024 ** 3;

/** Processor and memory of the captured machine, used for every x86-64 machine here. */
export const x86Host: HostTree = {
  '/proc/cpuinfo': h100Capture('cpuinfo.txt'),
  '/proc/meminfo': h100Capture('meminfo.txt'),
  '/proc/self/status': 'Name:\tnode\nCpus_allowed_list:\t0-15\n',
  '/proc/self/cgroup': '0::/\n',
  '/proc/sys/kernel/osrelease': '6.12.0-test\n',
};

/** Cells that the captured table lacks; their values are those of the capture's XML. */
const H100_FURTHER = {
  'enforced.power.limit': '700.00 W',
  'clocks_event_reasons.active': '0x0000000000000001',
  gpu_recovery_action: 'None',
  addressing_mode: 'None',
};

export const h100Device = { ...h100Cells('query.csv'), ...H100_FURTHER };

/** @param driver empty when none is bound */
export function nvidiaFunction(address: string, device = '0x2330', driver = 'nvidia'): HostTree {
  return pciDevice({
    address,
    vendor: '0x10de',
    device,
    classCode: '0x030200',
    revision: '0xa1',
    ...(driver === '' ? {} : { driver }),
  });
}

/** The tool's cells for a card, after the captured H100's. */
export function nvidiaCells(
  index: number,
  address: string,
  other: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  return {
    ...h100Device,
    index: String(index),
    uuid: `GPU-00000000-1111-4222-8333-4444444445${String(index).padStart(2, '0')}`,
    'pci.bus_id': `0000${address.toUpperCase()}`,
    ...other,
  };
}

/** No GPU, no management chip. */
export const bareNode: Machine = {
  tree: {
    ...x86Host,
    ...pciDevice({ address: '0000:00:00.0', vendor: '0x8086', device: '0x0d57', classCode: '0x060000' }),
  },
};

/** The captured machine. */
export const oneH100: Machine = {
  tree: {
    ...x86Host,
    ...nvidiaFunction('0000:00:06.0'),
    '/proc/driver/nvidia/version': h100Section('proc-nvidia.txt', '/proc/driver/nvidia/version'),
    '/proc/driver/nvidia/gpus/0000:00:06.0/information': h100Section(
      'proc-nvidia.txt',
      '/proc/driver/nvidia/gpus/0000:00:06.0/information',
    ),
  },
  smi: { devices: [h100Device], apps: [] },
};

const EIGHT = ['18', '2a', '3a', '5d', '9a', 'ab', 'ba', 'db'].map((bus) => `0000:${bus}:00.0`);

/** An HGX board: eight H100 and four NVSwitches of the same maker. Addresses as in NVIDIA's DGX H100 documentation. */
export const eightH100: Machine = {
  tree: Object.assign(
    {},
    x86Host,
    ...EIGHT.map((address) => nvidiaFunction(address)),
    ...['07', '08', '09', '0a'].map((bus) =>
      pciDevice({
        address: `0000:${bus}:00.0`,
        vendor: '0x10de',
        device: '0x22a3',
        classCode: '0x068000',
        driver: 'nvidia',
      }),
    ),
  ),
  smi: { devices: EIGHT.map((address, index) => nvidiaCells(index, address)), apps: [] },
};

/** An A100 divided into slices. Table cells after published captures; the XML holds only what is read of it. */
export const a100Mig: Machine = {
  tree: { ...x86Host, ...nvidiaFunction('0000:3b:00.0', '0x20b2') },
  smi: {
    devices: [
      nvidiaCells(0, '0000:3b:00.0', {
        name: 'NVIDIA A100-SXM4-80GB',
        'pci.device_id': '0x20B210DE',
        compute_cap: '8.0',
        'memory.total': '81920 MiB',
        'memory.used': '59 MiB',
        'utilization.gpu': '[N/A]',
        'mig.mode.current': 'Enabled',
      }),
    ],
    xml: {
      '00000000:3B:00.0':
        '<nvidia_smi_log><gpu><mig_devices>' +
        '<mig_device><index>0</index><fb_memory_usage><total>40192 MiB</total></fb_memory_usage>' +
        '<bar1_memory_usage><total>1 MiB</total></bar1_memory_usage></mig_device>' +
        '<mig_device><index>1</index><fb_memory_usage><total>19968 MiB</total></fb_memory_usage></mig_device>' +
        '</mig_devices><fb_memory_usage><total>81920 MiB</total></fb_memory_usage></gpu></nvidia_smi_log>\n',
    },
  },
};

/** DGX Spark: no memory of its own, a PCI domain other than zero. After nvitop PR 208. */
export const gb10: Machine = {
  tree: { ...x86Host, ...nvidiaFunction('000f:01:00.0', '0x2e12') },
  smi: {
    devices: [
      nvidiaCells(0, '000f:01:00.0', {
        name: 'NVIDIA GB10',
        'pci.device_id': '0x2E1210DE',
        compute_cap: '12.1',
        'memory.total': '[N/A]',
        'memory.used': '[N/A]',
        'memory.free': '[N/A]',
        'power.draw': '11.17 W',
        addressing_mode: 'ATS',
      }),
    ],
  },
};

export interface BuiltAmdCard {
  readonly address: string;
  readonly card: number;
  readonly device: string;
  readonly revision?: string;
  readonly vramBytes: number;
  readonly gttBytes?: number;
  /** `amdgpu` by default; empty when none is bound. */
  readonly driver?: string;
  readonly files?: HostTree;
}

/** An amdgpu device with its graphics card and sensors. Files and units as in the kernel's amdgpu documentation. */
export function amdCard(card: BuiltAmdCard): HostTree {
  return {
    ...pciDevice({
      address: card.address,
      vendor: '0x1002',
      device: card.device,
      classCode: '0x030000',
      revision: card.revision ?? '0x00',
      ...(card.driver === '' ? {} : { driver: card.driver ?? 'amdgpu' }),
      files: {
        mem_info_vram_total: `${card.vramBytes}\n`,
        mem_info_vram_used: `${256 * 1024 * 1024}\n`,
        mem_info_gtt_total: `${card.gttBytes ?? 64 * GIB}\n`,
        gpu_busy_percent: '7\n',
        'power/runtime_status': 'active\n',
        'hwmon/hwmon3/name': 'amdgpu\n',
        'hwmon/hwmon3/temp1_label': 'edge\n',
        'hwmon/hwmon3/temp1_input': '41000\n',
        'hwmon/hwmon3/power1_average': '18000000\n',
        'hwmon/hwmon3/power1_cap': '303000000\n',
        'hwmon/hwmon3/freq1_input': '500000000\n',
        ...card.files,
      },
    }),
    ...drmCard(card.card, card.address),
  };
}

/** 24 GiB less what the firmware keeps, as the driver counts a Radeon RX 7900 XTX. */
export const RX_7900_BYTES = 25_753_026_560;

export const rx7900: Machine = {
  tree: {
    ...x86Host,
    ...amdCard({ address: '0000:03:00.0', card: 0, device: '0x744c', revision: '0xc8', vramBytes: RX_7900_BYTES }),
    ...kfdCpuNode,
    ...kfdNode({ node: 1, gfxTargetVersion: 110_000, address: '0000:03:00.0', vramBytes: RX_7900_BYTES }),
  },
};

/** An MI300X in CPX: eight compute partitions on one PCI address. Partition size for NPS4. */
export const mi300xCpx: Machine = {
  tree: Object.assign(
    {},
    x86Host,
    amdCard({
      address: '0000:05:00.0',
      card: 1,
      device: '0x74a1',
      vramBytes: 192 * GIB,
      files: {
        current_compute_partition: 'CPX\n',
        product_name: 'AMD Instinct MI300X OAM\n',
        unique_id: '1a2b3c4d5e6f7081\n',
      },
    }),
    kfdCpuNode,
    ...Array.from({ length: 8 }, (_, index) =>
      kfdNode({ node: index + 1, gfxTargetVersion: 90_402, address: '0000:05:00.0', vramBytes: 24 * GIB }),
    ),
  ),
};

/** An MI250: two dies, each a device of its own; the second has no power sensor. */
export const mi250: Machine = {
  tree: {
    ...x86Host,
    ...amdCard({ address: '0000:c1:00.0', card: 0, device: '0x740c', revision: '0x01', vramBytes: 64 * GIB }),
    ...amdCard({ address: '0000:c6:00.0', card: 1, device: '0x740c', revision: '0x01', vramBytes: 64 * GIB }),
    ...kfdCpuNode,
    ...kfdNode({ node: 1, gfxTargetVersion: 90_010, address: '0000:c1:00.0', vramBytes: 64 * GIB }),
    ...kfdNode({ node: 2, gfxTargetVersion: 90_010, address: '0000:c6:00.0', vramBytes: 64 * GIB }),
  },
};

const apu = amdCard({
  address: '0000:10:00.0',
  card: 0,
  device: '0x164e',
  revision: '0xd8',
  vramBytes: GIB / 2,
  gttBytes: 16 * GIB,
});

/** A processor with a small GPU inside and nothing else. */
export const apuOnly: Machine = {
  tree: {
    ...x86Host,
    ...apu,
    ...kfdCpuNode,
    ...kfdNode({ node: 1, gfxTargetVersion: 100_306, address: '0000:10:00.0' }),
  },
};

export const apuBesideCard: Machine = {
  tree: { ...rx7900.tree, ...apu, ...drmCard(0, '0000:10:00.0'), ...drmCard(1, '0000:03:00.0') },
};

const bmc = {
  ...pciDevice({ address: '0000:02:00.0', vendor: '0x1a03', device: '0x2000', classCode: '0x030000', driver: 'ast' }),
  ...drmCard(0, '0000:02:00.0'),
};

/** A server whose only display is its management chip. */
export const bmcOnly: Machine = { tree: { ...x86Host, ...bmc } };

/** The same with a card in it: the management chip is `card0`. */
export const bmcAndGpu: Machine = {
  tree: {
    ...x86Host,
    ...amdCard({ address: '0000:03:00.0', card: 1, device: '0x744c', revision: '0xcc', vramBytes: 20 * GIB }),
    ...kfdNode({ node: 1, gfxTargetVersion: 110_000, address: '0000:03:00.0' }),
    ...bmc,
  },
};

/** Two H100, the first handed to a virtual machine. The tool sees only the second. */
export const passedThrough: Machine = {
  tree: { ...x86Host, ...nvidiaFunction('0000:17:00.0', '0x2330', 'vfio-pci'), ...nvidiaFunction('0000:31:00.0') },
  smi: { devices: [nvidiaCells(0, '0000:31:00.0')] },
};

/** Cards of both makers in one box, and the audio function that comes with one of them. */
export const mixedVendors: Machine = {
  tree: {
    ...rx7900.tree,
    ...nvidiaFunction('0000:01:00.0', '0x2684'),
    ...pciDevice({ address: '0000:01:00.1', vendor: '0x10de', device: '0x22ba', classCode: '0x040300' }),
  },
  smi: {
    devices: [
      nvidiaCells(0, '0000:01:00.0', {
        name: 'NVIDIA GeForce RTX 4090',
        'pci.device_id': '0x268410DE',
        compute_cap: '8.9',
        'memory.total': '24564 MiB',
        'memory.free': '23708 MiB',
        'mig.mode.current': '[N/A]',
      }),
    ],
  },
};

const intelDisplay = pciDevice({
  address: '0000:00:02.0',
  vendor: '0x8086',
  device: '0xa780',
  classCode: '0x030000',
  driver: 'i915',
});

/** A desktop: a GeForce card, and the display part of the processor, which nothing here runs models on. */
export const rtx4090BesideIntel: Machine = {
  tree: { ...x86Host, ...intelDisplay, ...drmCard(0, '0000:00:02.0'), ...nvidiaFunction('0000:01:00.0', '0x2684') },
  smi: {
    devices: [
      nvidiaCells(0, '0000:01:00.0', {
        name: 'NVIDIA GeForce RTX 4090',
        'pci.device_id': '0x268410DE',
        compute_cap: '8.9',
        'memory.total': '24564 MiB',
        'memory.used': '412 MiB',
        'memory.free': '23708 MiB',
        'power.draw': '21.45 W',
        'enforced.power.limit': '450.00 W',
        'mig.mode.current': '[N/A]',
      }),
    ],
  },
};

/** A cloud machine with a T4, whose driver is older than several fields. */
export const teslaT4: Machine = {
  tree: { ...x86Host, ...nvidiaFunction('0000:00:1e.0', '0x1eb8') },
  smi: {
    devices: [
      nvidiaCells(0, '0000:00:1e.0', {
        name: 'Tesla T4',
        'pci.device_id': '0x1EB810DE',
        compute_cap: '7.5',
        'memory.total': '15360 MiB',
        'memory.used': '0 MiB',
        'memory.free': '14910 MiB',
        'power.draw': '9.21 W',
        'enforced.power.limit': '70.00 W',
        'mig.mode.current': '[N/A]',
        driver_version: '535.183.01',
      }),
    ],
    unknownFields: ['gpu_recovery_action', 'addressing_mode'],
  },
};

/** An ARM server without GPUs. Processor file as an Ampere Altra's kernel writes it. */
export const arm64Server: Machine = {
  tree: {
    '/proc/cpuinfo': Array.from(
      { length: 4 },
      (_, cpu) =>
        `processor\t: ${cpu}\nBogoMIPS\t: 50.00\nFeatures\t: fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics\n` +
        'CPU implementer\t: 0x41\nCPU architecture: 8\nCPU variant\t: 0x3\nCPU part\t: 0xd0c\nCPU revision\t: 1\n\n',
    ).join(''),
    '/proc/meminfo': 'MemTotal:       16316448 kB\nMemAvailable:   15312552 kB\n',
    '/sys/devices/system/cpu/online': '0-3\n',
  },
};

/** A Jetson AGX Orin: an ARM processor, a GPU on no bus. Files as in NVIDIA's Jetson Linux documentation. */
export const jetsonOrin: Machine = {
  tree: {
    '/proc/cpuinfo': Array.from(
      { length: 8 },
      (_, cpu) =>
        `processor\t: ${cpu}\nBogoMIPS\t: 62.50\nFeatures\t: fp asimd aes\nCPU implementer\t: 0x41\n` +
        'CPU architecture: 8\nCPU variant\t: 0x0\nCPU part\t: 0xd42\nCPU revision\t: 1\n\n',
    ).join(''),
    '/proc/meminfo': 'MemTotal:       31336448 kB\nMemAvailable:   28311552 kB\n',
    '/proc/device-tree/model': 'NVIDIA Jetson AGX Orin Developer Kit\0',
    '/proc/device-tree/compatible': 'nvidia,p3737-0000+p3701-0000\0nvidia,tegra234\0',
    '/etc/nv_tegra_release': '# R36 (release), REVISION: 4.3, GCID: 38968081, BOARD: generic, EABI: aarch64\n',
    '/sys/devices/platform/bus@0/17000000.gpu/load': '250\n',
    '/sys/class/thermal/thermal_zone0/type': 'cpu-thermal\n',
    '/sys/class/thermal/thermal_zone0/temp': '47000\n',
    '/sys/class/thermal/thermal_zone1/type': 'gpu-thermal\n',
    '/sys/class/thermal/thermal_zone1/temp': '48500\n',
  },
};
