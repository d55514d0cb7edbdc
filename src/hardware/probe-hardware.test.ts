import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cpuClass, gpuClass } from './device-classes.ts';
import type { Inventory } from './inventory.ts';
import { Hardware, probeHardware, readGpus } from './probe-hardware.ts';
import { blockedFile } from './testing/blocked-file.ts';
import { type HostTree, pciDevice } from './testing/host-tree.ts';
import { installMachine, type Machine } from './testing/install-machine.ts';
import * as machines from './testing/machines.ts';

async function probe(machine: Machine): Promise<Inventory> {
  await using installed = await installMachine(machine);
  return await probeHardware(installed.options);
}

/** Index, address, class, health and why it cannot be used. */
const summary = (inventory: Inventory): readonly string[] =>
  inventory.gpus.map((gpu) =>
    [
      gpu.index,
      gpu.pciAddress,
      gpuClass(gpu) ?? '-',
      gpu.health,
      ...(gpu.unusable === undefined ? [] : [gpu.unusable]),
    ].join(' '),
  );

describe('probeHardware', () => {
  it('describes the machine it runs on, whatever that is', async () => {
    const { cpu, memory, gpus } = await probeHardware();

    expect(cpu.logicalCpus).toBeGreaterThan(0);
    expect(cpu.allocatableCores).toBeGreaterThan(0);
    expect(cpu.allocatableCores).toBeLessThanOrEqual(cpu.logicalCpus);
    expect(memory.totalMiB).toBeGreaterThan(0);
    expect(memory.availableMiB).toBeLessThanOrEqual(memory.totalMiB);
    expect(gpus.map((gpu) => gpu.index)).toEqual(gpus.map((_, index) => index));
  });

  it.each<[string, Machine, readonly string[]]>([
    ['a node without GPUs', machines.bareNode, []],
    ['a server with a management chip', machines.bmcOnly, []],
    ['the captured H100', machines.oneH100, ['0 0000:00:06.0 nvidia.h100-80gb-hbm3.sm_90.79g ok']],
    [
      'eight H100',
      machines.eightH100,
      ['18', '2a', '3a', '5d', '9a', 'ab', 'ba', 'db'].map(
        (bus, index) => `${index} 0000:${bus}:00.0 nvidia.h100-80gb-hbm3.sm_90.79g ok`,
      ),
    ],
    ['an A100 in slices', machines.a100Mig, ['0 0000:3b:00.0 nvidia.a100-sxm4-80gb.sm_80.19g ok']],
    ['a GB10', machines.gb10, ['0 000f:01:00.0 - ok']],
    ['an RX 7900 XTX', machines.rx7900, ['0 0000:03:00.0 amd.radeon-rx-7900-xtx.gfx1100.23g ok']],
    ['an MI300X in CPX', machines.mi300xCpx, ['0 0000:05:00.0 amd.instinct-mi300x.gfx942.24g ok']],
    [
      'an MI250, two dies',
      machines.mi250,
      ['c1', 'c6'].map((bus, index) => `${index} 0000:${bus}:00.0 amd.instinct-mi250x-mi250.gfx90a.64g ok`),
    ],
    ['a processor with a GPU inside', machines.apuOnly, ['0 0000:10:00.0 - ok']],
    [
      'a processor with a GPU inside, and a card',
      machines.apuBesideCard,
      ['0 0000:03:00.0 amd.radeon-rx-7900-xtx.gfx1100.23g ok', '1 0000:10:00.0 - ok'],
    ],
    ['a card behind a management chip', machines.bmcAndGpu, ['0 0000:03:00.0 amd.radeon-rx-7900-xt.gfx1100.20g ok']],
    [
      'a card given to a virtual machine',
      machines.passedThrough,
      ['0 0000:17:00.0 - unknown passed-through', '1 0000:31:00.0 nvidia.h100-80gb-hbm3.sm_90.79g ok'],
    ],
    [
      'cards of both makers',
      machines.mixedVendors,
      ['0 0000:01:00.0 nvidia.geforce-rtx-4090.sm_89.23g ok', '1 0000:03:00.0 amd.radeon-rx-7900-xtx.gfx1100.23g ok'],
    ],
  ])('%s', async (_, machine, expected) => {
    const inventory = await probe(machine);

    expect(summary(inventory)).toEqual(expected);
    expect(inventory.problems).toEqual([]);
    expect(cpuClass(inventory)).toBe('cpu.intel-xeon-processor.v4.16c');
  });

  it('30: two models in one node come out alike for every order in which the tool lists them', async () => {
    const addresses = ['0000:17:00.0', '0000:31:00.0', '0000:4b:00.0'];
    const tree: HostTree = Object.assign(
      {},
      machines.x86Host,
      ...addresses.map((address) => machines.nvidiaFunction(address)),
    );
    const cells = addresses.map((address, index) =>
      machines.nvidiaCells(index, address, index === 1 ? { name: 'NVIDIA L40S', compute_cap: '8.9' } : {}),
    );
    const orders = [cells, [...cells].reverse(), [...cells.slice(1), ...cells.slice(0, 1)]];

    const results = await Promise.all(orders.map((devices) => probe({ tree, smi: { devices } })));

    expect(results[1]?.gpus).toEqual(results[0]?.gpus);
    expect(results[2]?.gpus).toEqual(results[0]?.gpus);
  });

  it('34: an unknown device id is detected; the class goes by it when there is no name', async () => {
    const tree = { ...machines.x86Host, ...machines.nvidiaFunction('0000:17:00.0', '0xabcd') };
    const devices = [machines.nvidiaCells(0, '0000:17:00.0', { name: '[N/A]' })];

    expect(summary(await probe({ tree, smi: { devices } }))).toEqual(['0 0000:17:00.0 nvidia.dev-abcd.sm_90.79g ok']);
  });

  it('35: a function that reads as ones does not hide the others', async () => {
    const gone = pciDevice({
      address: '0000:17:00.0',
      vendor: '0xffff',
      device: '0xffff',
      classCode: '0xffffff',
      driver: 'nvidia',
    });

    const inventory = await probe({ ...machines.oneH100, tree: { ...machines.oneH100.tree, ...gone } });

    expect(summary(inventory)).toEqual(['0 0000:00:06.0 nvidia.h100-80gb-hbm3.sm_90.79g ok', '1 0000:17:00.0 - lost']);
  });

  it('39: a file that blocks costs its own value only', async () => {
    await using installed = await installMachine(machines.rx7900);
    const path = join(installed.options.hostRoot, 'sys/devices/pci0000:00/0000:03:00.0/gpu_busy_percent');
    await using blocked = blockedFile(path);

    const { gpus } = await probeHardware(installed.options);

    expect(blocked).toBeDefined();
    expect(gpus[0]).toMatchObject({ health: 'ok', vramMiB: 24_560, readings: { temperatureCelsius: 41 } });
    expect(gpus[0]?.readings).not.toHaveProperty('utilization');
  });

  it('64: a driver installed after the first look is seen at the next', async () => {
    const bare = { ...machines.x86Host, ...machines.nvidiaFunction('0000:00:06.0', '0x2330', '') };
    await using installed = await installMachine({
      tree: bare,
      smi: { devices: [], faults: { exitCode: 9, stdout: 'no driver\n' } },
    });
    const hardware = new Hardware(installed.options);
    const before = await hardware.probe();
    await installed.replan({ devices: [machines.h100Device] });

    const after = await hardware.probe();

    expect(before.gpus[0]).toMatchObject({ health: 'unknown', unusable: 'no-driver' });
    expect(after.gpus[0]).toMatchObject({ health: 'ok', vramMiB: 81_559 });
    expect(after.gpus[0]).not.toHaveProperty('unusable');
  });

  it('asks the tool where there is no bus to look at but a driver is loaded', async () => {
    const tree = { ...machines.x86Host, '/proc/driver/nvidia/version': 'NVRM version: …\n' };

    const inventory = await probe({ tree, smi: { devices: [machines.h100Device] } });

    expect(summary(inventory)).toEqual(['0 0000:00:06.0 nvidia.h100-80gb-hbm3.sm_90.79g ok']);
  });

  it('finds nothing wrong with an empty root but what it could not read', async () => {
    const inventory = await probe({ tree: {} });

    expect(inventory.gpus).toEqual([]);
    expect(inventory.problems.map((problem) => `${problem.source} ${problem.reason}`)).toEqual([
      'cpu unreadable',
      'memory unreadable',
      'pci unreadable',
    ]);
  });
});

describe('readGpus', () => {
  it('reads once without a kept reader', async () => {
    await using installed = await installMachine(machines.mixedVendors);
    const { gpus } = await probeHardware(installed.options);

    const { readings } = await readGpus(gpus, installed.options);

    expect([...readings.keys()].sort()).toEqual(gpus.map((gpu) => gpu.pciAddress));
  });
});
