import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hostFiles } from '../host-files.ts';
import { type HostTree, kfdCpuNode, kfdNode } from '../testing/host-tree.ts';
import { installMachine } from '../testing/install-machine.ts';
import { bankBytes, describeKfdNode, type KfdNode, parseKfdProperties, readKfdTopology } from './kfd-topology.ts';

async function topology(tree: HostTree): Promise<readonly KfdNode[]> {
  await using machine = await installMachine({ tree });
  return await readKfdTopology(hostFiles(machine.options.hostRoot));
}

describe('parseKfdProperties', () => {
  it('leaves out what is no number', () => {
    const text = 'simd_count 304\ngfx_target_version gfx942\nunique_id\nlocation_id 256\nname ip discovery\n';

    expect(Object.fromEntries(parseKfdProperties(text))).toEqual({ simd_count: 304, location_id: 256 });
  });
});

describe('describeKfdNode', () => {
  it('finds the address in location and domain', () => {
    const text = 'simd_count 4\nvendor_id 4098\nlocation_id 50695\ndomain 15\ngfx_target_version 90010\n';

    expect(describeKfdNode(text)).toEqual({ address: '000f:c6:00.7', arch: 'gfx90a' });
  });

  it.each([
    ['a processor', 'cpu_cores_count 8\nsimd_count 0\nvendor_id 4098\nlocation_id 0\ngfx_target_version 0\n'],
    ['another maker', 'simd_count 4\nvendor_id 4318\nlocation_id 256\ngfx_target_version 90000\n'],
    ['a node without a place', 'simd_count 4\nvendor_id 4098\ngfx_target_version 90010\n'],
    ['an impossible place', 'simd_count 4\nvendor_id 4098\nlocation_id 4294967295\n'],
    ['nothing', ''],
  ])('skips %s', (_, text) => {
    expect(describeKfdNode(text)).toBeUndefined();
  });

  it('leaves out an architecture that is no number', () => {
    expect(describeKfdNode('simd_count 4\nvendor_id 4098\nlocation_id 768\ngfx_target_version new\n')).toEqual({
      address: '0000:03:00.0',
    });
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(), (text, location) => {
        const node = describeKfdNode(`vendor_id 4098\nlocation_id ${location}\n${text}`);

        expect(node === undefined || /^[0-9a-f]{4,}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/.test(node.address)).toBe(true);
      }),
    );
  });
});

describe('bankBytes', () => {
  it('counts device memory only', () => {
    expect(bankBytes('heap_type 1\nsize_in_bytes 1024\n')).toBe(1024);
    expect(bankBytes('heap_type 2\nsize_in_bytes 1024\n')).toBe(1024);
    expect(bankBytes('heap_type 0\nsize_in_bytes 1024\n')).toBe(0);
    expect(bankBytes('size_in_bytes 1024\n')).toBeUndefined();
  });
});

describe('readKfdTopology', () => {
  it('reads GPU nodes with their memory and number', async () => {
    const nodes = await topology({
      ...kfdCpuNode,
      ...kfdNode({ node: 1, gfxTargetVersion: 90_402, address: '0000:05:00.0', vramBytes: 4096, gpuId: '51001' }),
      ...kfdNode({ node: 2, gfxTargetVersion: 90_402, address: '0000:05:00.0' }),
    });

    expect(nodes).toEqual([
      { address: '0000:05:00.0', arch: 'gfx942', gpuId: '51001', vramBytes: 4096 },
      { address: '0000:05:00.0', arch: 'gfx942', gpuId: '1002' },
    ]);
  });

  it('does not know the memory when one bank cannot be read', async () => {
    const nodes = await topology({
      ...kfdNode({ node: 1, gfxTargetVersion: 90_402, address: '0000:05:00.0', vramBytes: 4096 }),
      '/sys/class/kfd/kfd/topology/nodes/1/mem_banks/1/properties': 'heap_type one\n',
    });

    expect(nodes[0]).not.toHaveProperty('vramBytes');
  });

  it('finds nothing where there is no compute driver', async () => {
    expect(await topology({})).toEqual([]);
  });
});
