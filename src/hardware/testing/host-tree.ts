import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Files of a built machine by absolute path: text, bytes, or what a symbolic link points at. */
export type HostTree = Readonly<Record<string, string | Uint8Array | { readonly link: string }>>;

export async function writeHostTree(root: string, tree: HostTree): Promise<void> {
  for (const [path, content] of Object.entries(tree)) {
    const target = join(root, path);
    await mkdir(dirname(target), { recursive: true });
    if (typeof content === 'string' || content instanceof Uint8Array) await writeFile(target, content);
    else await symlink(content.link, target);
  }
}

export interface BuiltPciDevice {
  readonly address: string;
  readonly vendor: string;
  readonly device: string;
  /** 24 bits, `0x030000`. */
  readonly classCode: string;
  readonly revision?: string;
  readonly driver?: string;
  /** First bytes of the configuration space; a device that fell off the bus has only ones. */
  readonly config?: Uint8Array;
  /** Further files of the device's directory. */
  readonly files?: HostTree;
}

/** A PCI function as sysfs shows it: the directory below `/sys/devices`, the link on the bus, the link to its driver. */
export function pciDevice(device: BuiltPciDevice): HostTree {
  const home = pciHome(device.address);
  const files = Object.entries(device.files ?? {}).map(([name, content]) => [`${home}/${name}`, content] as const);
  return {
    [`/sys/bus/pci/devices/${device.address}`]: { link: `../../../devices/pci0000:00/${device.address}` },
    [`${home}/vendor`]: `${device.vendor}\n`,
    [`${home}/device`]: `${device.device}\n`,
    [`${home}/class`]: `${device.classCode}\n`,
    [`${home}/uevent`]: `PCI_SLOT_NAME=${device.address}\n`,
    ...(device.revision === undefined ? {} : { [`${home}/revision`]: `${device.revision}\n` }),
    ...(device.driver === undefined
      ? {}
      : { [`${home}/driver`]: { link: `../../../bus/pci/drivers/${device.driver}` } }),
    ...(device.config === undefined ? {} : { [`${home}/config`]: device.config }),
    ...Object.fromEntries(files),
  };
}

/** The card's entry in the graphics class, with one connector beside it. */
export function drmCard(number: number, address: string): HostTree {
  const card = `${pciHome(address)}/drm/card${number}`;
  return {
    [`${card}/device`]: { link: '../..' },
    [`/sys/class/drm/card${number}`]: { link: `../../devices/pci0000:00/${address}/drm/card${number}` },
    [`/sys/class/drm/card${number}-DP-1/status`]: 'disconnected\n',
  };
}

function pciHome(address: string): string {
  return `/sys/devices/pci0000:00/${address}`;
}

export interface BuiltKfdNode {
  readonly node: number;
  readonly gfxTargetVersion: number | string;
  readonly address: string;
  readonly vramBytes?: number;
  readonly gpuId?: string;
  /** Replaces the whole `properties` text. */
  readonly properties?: string;
}

/** One GPU node of the compute driver's topology. */
export function kfdNode(node: BuiltKfdNode): HostTree {
  const directory = `/sys/class/kfd/kfd/topology/nodes/${node.node}`;
  const [domain = '0', bus = '0', rest = '0.0'] = node.address.split(':');
  const [device = '0', fn = '0'] = rest.split('.');
  const location = (Number.parseInt(bus, 16) << 8) | (Number.parseInt(device, 16) << 3) | Number.parseInt(fn, 16);
  const properties =
    node.properties ??
    [
      'cpu_cores_count 0',
      'simd_count 192',
      `gfx_target_version ${node.gfxTargetVersion}`,
      'vendor_id 4098',
      `location_id ${location}`,
      `domain ${Number.parseInt(domain, 16)}`,
      `drm_render_minor ${127 + node.node}`,
    ].join('\n');
  return {
    [`${directory}/properties`]: `${properties}\n`,
    [`${directory}/gpu_id`]: `${node.gpuId ?? 1000 + node.node}\n`,
    ...(node.vramBytes === undefined
      ? {}
      : { [`${directory}/mem_banks/0/properties`]: `heap_type 1\nsize_in_bytes ${node.vramBytes}\nflags 0\n` }),
  };
}

/** The processor's node, which every topology has. */
export const kfdCpuNode: HostTree = {
  '/sys/class/kfd/kfd/topology/nodes/0/properties':
    'cpu_cores_count 16\nsimd_count 0\ngfx_target_version 0\nvendor_id 0\nlocation_id 0\ndomain 0\n',
  '/sys/class/kfd/kfd/topology/nodes/0/gpu_id': '0\n',
};
