import { describe, expect, it } from 'vitest';
import { hostFiles } from '../host-files.ts';
import type { FoundGpu } from '../probe.ts';
import { Hardware } from '../probe-hardware.ts';
import type { HostTree } from '../testing/host-tree.ts';
import { installMachine } from '../testing/install-machine.ts';
import { jetsonOrin } from '../testing/machines.ts';
import { describeTegra, parseTegraCompatible, parseTegraRelease } from './tegra.ts';

async function describe_(tree: HostTree): Promise<FoundGpu | undefined> {
  await using machine = await installMachine({ tree });
  return await describeTegra(hostFiles(machine.options.hostRoot));
}

describe('a Jetson', () => {
  it('has a GPU that no bus shows, with the machine’s memory', async () => {
    await using machine = await installMachine(jetsonOrin);
    const hardware = new Hardware(machine.options);

    const { cpu, gpus, problems } = await hardware.probe();
    const sample = await hardware.readGpus(gpus);

    expect(problems).toEqual([]);
    expect(cpu).toMatchObject({ model: 'Cortex-A78AE', level: 'arm64', avx512: false });
    expect(gpus).toEqual([
      {
        index: 0,
        vendor: 'NVIDIA',
        pciAddress: 'soc:gpu',
        pciDeviceId: '',
        product: 'NVIDIA Jetson AGX Orin Developer Kit',
        arch: 'sm_87',
        memoryType: 'unified',
        integrated: true,
        mig: false,
        driverVersion: 'r36.4.3',
        health: 'ok',
        readings: { temperatureCelsius: 48.5, utilization: 0.25 },
      },
    ]);
    expect(sample.readings.get('soc:gpu')).toEqual(gpus[0]?.readings);
  });

  it('takes an exact zero for a sensor that is off, and a load above 1000 for none', async () => {
    const gpu = await describe_({
      '/sys/devices/soc0/family': 'Tegra\n',
      '/sys/devices/gpu.0/load': '1001\n',
      '/sys/class/thermal/thermal_zone0/type': 'gpu-thermal\n',
      '/sys/class/thermal/thermal_zone0/temp': '0\n',
    });

    expect(gpu?.readings).toEqual({});
    expect(gpu).not.toHaveProperty('arch');
  });

  it('is no Jetson without a sign of one', async () => {
    expect(await describe_({ '/sys/devices/soc0/family': 'i.MX\n' })).toBeUndefined();
  });
});

describe('parseTegraRelease', () => {
  it.each([
    ['# R36 (release), REVISION: 4.3, GCID: 38968081, BOARD: generic\n', 'r36.4.3'],
    ['# R32 (release), REVISION: 7.1\n', 'r32.7.1'],
    ['something else', undefined],
  ])('reads %j', (text, release) => {
    expect(parseTegraRelease(text)).toBe(release);
  });
});

describe('parseTegraCompatible', () => {
  it('finds the chip among the strings', () => {
    expect(parseTegraCompatible('nvidia,p3737-0000+p3701-0000\0nvidia,tegra234\0')).toBe('sm_87');
    expect(parseTegraCompatible('nvidia,tegra999\0')).toBeUndefined();
  });
});
