import type { HostFiles } from '../host-files.ts';
import { gfxName } from './gfx-name.ts';

/** One compute node of the amdgpu driver. A divided card has several with one PCI address. */
export interface KfdNode {
  /** PCI address as Linux spells it. */
  readonly address: string;
  readonly arch?: string;
  /** Number under which a process's use of this node is counted. */
  readonly gpuId?: string;
  /** Memory of the node's own banks; absent when they cannot be read. */
  readonly vramBytes?: number;
}

const NODES = '/sys/class/kfd/kfd/topology/nodes';

/** Heap types of device memory, visible to the host and not. Source: Linux `kfd_topology.h`, `HSA_MEM_HEAP_TYPE_FB_*`. */
const DEVICE_HEAPS = new Set([1, 2]);

/** `key value` lines; a value that is no decimal number is left out. */
export function parseKfdProperties(text: string): ReadonlyMap<string, number> {
  const properties = new Map<string, number>();
  for (const line of text.split('\n')) {
    const match = /^([a-z0-9_]{1,64}) (\d{1,20})\s*$/.exec(line);
    if (match?.[1] !== undefined) properties.set(match[1], Number(match[2]));
  }
  return properties;
}

/** PCI address and architecture of a node; `undefined` for a processor and for a node that names no device. */
export function describeKfdNode(text: string): Pick<KfdNode, 'address' | 'arch'> | undefined {
  const properties = parseKfdProperties(text);
  const location = properties.get('location_id');
  const vendor = properties.get('vendor_id');
  // A processor's node has no compute units of its own, and no vendor or the processor's.
  if (location === undefined || vendor !== 0x1002 || (properties.get('simd_count') ?? 1) === 0) return undefined;
  if (location > 0xffff) return undefined;
  const hex = (value: number, width: number): string => value.toString(16).padStart(width, '0');
  const bus = hex(location >> 8, 2);
  const device = hex((location >> 3) & 31, 2);
  const address = `${hex(properties.get('domain') ?? 0, 4)}:${bus}:${device}.${location & 7}`;
  const arch = gfxName(properties.get('gfx_target_version') ?? 0);
  return { address, ...(arch === undefined ? {} : { arch }) };
}

/** Bytes of device memory in one bank; zero for the other heaps. `undefined` when it cannot be told. */
export function bankBytes(text: string): number | undefined {
  const properties = parseKfdProperties(text);
  const heap = properties.get('heap_type');
  const size = properties.get('size_in_bytes');
  if (heap === undefined || size === undefined) return undefined;
  return DEVICE_HEAPS.has(heap) ? size : 0;
}

/** Every GPU node that this process may read; empty where there is no compute driver. */
export async function readKfdTopology(files: HostFiles): Promise<readonly KfdNode[]> {
  const nodes: KfdNode[] = [];
  for (const name of (await files.list(NODES)) ?? []) {
    const directory = `${NODES}/${name}`;
    // Outside a container's device cgroup this is refused; then the node is simply not ours to describe.
    const { text } = await files.read(`${directory}/properties`);
    const described = text === undefined ? undefined : describeKfdNode(text);
    if (described === undefined) continue;
    const gpuId = (await files.read(`${directory}/gpu_id`)).text?.trim();
    const vramBytes = await readBanks(files, `${directory}/mem_banks`);
    nodes.push({
      ...described,
      ...(gpuId === undefined || !/^[1-9]\d*$/.test(gpuId) ? {} : { gpuId }),
      ...(vramBytes === undefined ? {} : { vramBytes }),
    });
  }
  return nodes;
}

async function readBanks(files: HostFiles, directory: string): Promise<number | undefined> {
  const banks = await files.list(directory);
  if (banks === undefined) return undefined;
  let sum = 0;
  for (const bank of banks) {
    const { text } = await files.read(`${directory}/${bank}/properties`);
    const bytes = text === undefined ? undefined : bankBytes(text);
    if (bytes === undefined) return undefined;
    sum += bytes;
  }
  return sum > 0 ? sum : undefined;
}
