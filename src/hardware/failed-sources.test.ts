import { describe, expect, it } from 'vitest';
import { failedSources, gpusAreCertain } from './failed-sources.ts';
import type { Inventory } from './inventory.ts';
import { probeHardware } from './probe-hardware.ts';
import { installMachine, type Machine } from './testing/install-machine.ts';
import * as machines from './testing/machines.ts';

async function inventoryOf(machine: Machine): Promise<Inventory> {
  await using installed = await installMachine(machine);
  return await probeHardware(installed.options);
}

describe('failedSources', () => {
  it.each([
    ['a bare node', machines.bareNode],
    ['one H100', machines.oneH100],
    ['an APU', machines.apuOnly],
    ['a passed-through card', machines.passedThrough],
    ['a Jetson, which has no bus', machines.jetsonOrin],
  ])('finds nothing wrong with %s', async (_, machine) => {
    const inventory = await inventoryOf(machine);

    expect([...failedSources(inventory)]).toEqual([]);
    expect(gpusAreCertain(inventory)).toBe(true);
  });

  it.each([
    [
      '3: a driver that is not loaded',
      { devices: [], faults: { exitCode: 9, stdout: "couldn't communicate with the NVIDIA driver\n" } },
    ],
    ['4: an empty answer', { devices: [], faults: { stdout: '' } }],
    [
      '7: no devices although the bus shows some',
      { devices: [], faults: { exitCode: 6, stdout: 'No devices were found\n' } },
    ],
  ])('%s leaves it open what is there', async (_, smi) => {
    const inventory = await inventoryOf({ ...machines.oneH100, smi });

    expect([...failedSources(inventory)]).toEqual(['nvidia']);
    expect(gpusAreCertain(inventory)).toBe(false);
  });

  it('1: an absent tool leaves it open as well', async () => {
    const inventory = await inventoryOf({ tree: machines.oneH100.tree });

    expect(failedSources(inventory).has('nvidia')).toBe(true);
  });

  it('does not doubt AMD cards for a tool that only knows names', () => {
    const problem = { source: 'amd', reason: 'unexpected_output', detail: 'amd-smi: no JSON document' } as const;

    expect([...failedSources({ gpus: [], problems: [problem] })]).toEqual(['amd']);
    expect(gpusAreCertain({ gpus: [], problems: [problem] })).toBe(true);
  });

  it('calls a lost card an answer', () => {
    const problem = { source: 'nvidia', reason: 'device_lost', detail: 'x', device: '0000:01:00.0' } as const;

    expect([...failedSources({ gpus: [], problems: [problem] })]).toEqual([]);
  });
});
