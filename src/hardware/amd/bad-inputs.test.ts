/** What AMD's kernel files and tools can do wrong. The numbers are those of the project's list of bad inputs. */
import { writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { GpuDevice, Inventory } from '../inventory.ts';
import { Hardware } from '../probe-hardware.ts';
import { type HostTree, kfdNode } from '../testing/host-tree.ts';
import { type InstalledMachine, installMachine, type Machine } from '../testing/install-machine.ts';
import { amdCard, apuBesideCard, apuOnly, bmcAndGpu, mi300xCpx, RX_7900_BYTES, x86Host } from '../testing/machines.ts';
import { usableGpus } from '../usable-gpus.ts';

const ADDRESS = '0000:03:00.0';
const GIB = 1024 ** 3;

/** One card with some of its files replaced; `undefined` takes a file away. */
function card(files: Readonly<Record<string, string | undefined>> = {}, more: HostTree = {}): Machine {
  const whole = amdCard({ address: ADDRESS, card: 0, device: '0x744c', revision: '0xc8', vramBytes: RX_7900_BYTES });
  const home = `/sys/devices/pci0000:00/${ADDRESS}`;
  const changed = Object.entries(files).map(([name, text]) => [`${home}/${name}`, text] as const);
  const kept = Object.entries({ ...whole, ...Object.fromEntries(changed) }).filter(([, text]) => text !== undefined);
  return { tree: { ...x86Host, ...(Object.fromEntries(kept) as HostTree), ...more } };
}

async function probe(machine: Machine): Promise<Inventory> {
  await using installed = await installMachine(machine);
  return await new Hardware(installed.options).probe();
}

async function only(machine: Machine): Promise<GpuDevice> {
  const { gpus } = await probe(machine);
  const [gpu] = gpus;
  if (gpu === undefined || gpus.length > 1) throw new Error(`${gpus.length} GPUs instead of one`);
  return gpu;
}

describe('graphics cards', () => {
  it('36: a management chip as card0 and connectors are no GPUs', async () => {
    const { gpus, problems } = await probe(bmcAndGpu);

    expect(gpus.map((gpu) => gpu.product)).toEqual(['AMD Radeon RX 7900 XT']);
    expect(problems).toEqual([]);
  });

  it.each<[string | undefined, string]>([
    ['', 'empty'],
    ['-1\n', 'minus one'],
    ['101\n', 'above 100'],
    [undefined, 'absent'],
  ])('37: gpu_busy_percent %j (%s) is no value, and no problem', async (text) => {
    const { gpus, problems } = await probe(card({ gpu_busy_percent: text }));

    expect(gpus[0]?.readings).not.toHaveProperty('utilization');
    expect(gpus[0]).toMatchObject({ health: 'ok', readings: { temperatureCelsius: 41 } });
    expect(problems).toEqual([]);
  });

  it('37: a sleeping card is not woken for a reading', async () => {
    const gpu = await only(card({ 'power/runtime_status': 'suspended\n' }));

    expect(gpu).toMatchObject({ health: 'ok', vramMiB: 24_560, readings: {} });
  });

  it('38: files that vanish are skipped', async () => {
    const gpu = await only(card({ 'hwmon/hwmon3/temp1_input': undefined, mem_info_vram_used: undefined }));

    expect(gpu.readings).toEqual({ utilization: 0.07, powerWatts: 18, powerLimitWatts: 303, smClockMHz: 500 });
  });

  it('40: sensors out of order, one of them without a label', async () => {
    const gpu = await only(
      card({
        'hwmon/hwmon3/temp1_label': 'mem\n',
        'hwmon/hwmon3/temp2_input': '77000\n',
        'hwmon/hwmon3/temp3_input': '55000\n',
        'hwmon/hwmon3/temp3_label': 'edge\n',
        'hwmon/hwmon1/name': 'something else\n',
      }),
    );

    expect(gpu.readings.temperatureCelsius).toBe(55);
  });

  it('41: only the momentary power; an average of zero', async () => {
    const momentary = card({ 'hwmon/hwmon3/power1_average': undefined, 'hwmon/hwmon3/power1_input': '9500000\n' });
    const zero = card({ 'hwmon/hwmon3/power1_average': '0\n' });

    expect((await only(momentary)).readings.powerWatts).toBe(9.5);
    expect((await only(zero)).readings.powerWatts).toBe(0);
  });

  it('46: a virtual function without sensors has its memory and no readings but that', async () => {
    const gpu = await only(
      card({
        gpu_busy_percent: undefined,
        'hwmon/hwmon3/name': undefined,
        'hwmon/hwmon3/temp1_label': undefined,
        'hwmon/hwmon3/temp1_input': undefined,
        'hwmon/hwmon3/power1_average': undefined,
        'hwmon/hwmon3/power1_cap': undefined,
        'hwmon/hwmon3/freq1_input': undefined,
      }),
    );

    expect(gpu).toMatchObject({
      health: 'ok',
      vramMiB: 24_560,
      readings: { memoryUsedMiB: 256, memoryFreeMiB: 24_304 },
    });
    expect(Object.keys(gpu.readings)).toHaveLength(2);
  });
});

describe('memory and architecture', () => {
  it('42: the GPU in the processor is marked, and left aside beside a card', async () => {
    const alone = await probe(apuOnly);
    const beside = await probe(apuBesideCard);

    expect(alone.gpus[0]).toMatchObject({ integrated: true, memoryType: 'carveout', vramMiB: 512 });
    expect(usableGpus(alone.gpus)).toHaveLength(1);
    expect(usableGpus(beside.gpus).map((gpu) => gpu.product)).toEqual(['AMD Radeon RX 7900 XTX']);
  });

  it('42: a processor’s GPU is one even when the firmware gave it a card’s worth of memory', async () => {
    const strixHalo = amdCard({
      address: '0000:c5:00.0',
      card: 0,
      device: '0x1586',
      revision: '0xc1',
      vramBytes: 96 * GIB,
      gttBytes: 16 * GIB,
    });
    const tree = {
      ...x86Host,
      ...strixHalo,
      ...kfdNode({ node: 1, gfxTargetVersion: 110_501, address: '0000:c5:00.0' }),
    };

    expect(await only({ tree })).toMatchObject({
      arch: 'gfx1151',
      integrated: true,
      memoryType: 'carveout',
      vramMiB: 98_304,
    });
  });

  it.each([
    [90_010, 'gfx90a'],
    [110_000, 'gfx1100'],
    ['gfx1100', undefined],
    ['', undefined],
    [0, undefined],
  ])('43: a compute node with version %j', async (gfxTargetVersion, arch) => {
    const gpu = await only(card({}, kfdNode({ node: 1, gfxTargetVersion, address: ADDRESS })));

    expect(gpu.arch).toBe(arch);
    expect(gpu).toMatchObject({ vramMiB: 24_560, health: 'ok' });
  });

  it('44: without the compute driver the memory still comes from the graphics driver', async () => {
    const gpu = await only(card());

    expect(gpu).toMatchObject({ vramMiB: 24_560, health: 'ok' });
    expect(gpu).not.toHaveProperty('arch');
  });

  it('45: eight compute partitions are one card with the memory of one partition', async () => {
    const gpu = await only(mi300xCpx);

    expect(gpu).toMatchObject({ arch: 'gfx942', partitions: 8, vramMiB: 24_576, uuid: '1a2b3c4d5e6f7081' });
  });

  it('45: partitions that do not tell their memory leave it out, not the whole card’s in', async () => {
    const nodes = [1, 2].map((node) => kfdNode({ node, gfxTargetVersion: 90_402, address: ADDRESS }));
    const { gpus, problems } = await probe(card({}, Object.assign({}, ...nodes)));

    expect(gpus[0]).toMatchObject({ partitions: 2, health: 'degraded' });
    expect(gpus[0]).not.toHaveProperty('vramMiB');
    expect(problems.map((problem) => problem.reason)).toEqual(['memory_unknown']);
  });

  it('a card on another driver is counted, with the reason', async () => {
    const machine = {
      tree: {
        ...x86Host,
        ...amdCard({ address: ADDRESS, card: 0, device: '0x744c', vramBytes: GIB, driver: 'radeon' }),
      },
    };
    const tree = Object.fromEntries(Object.entries(machine.tree).filter(([path]) => !path.includes('mem_info')));

    const { gpus, problems } = await probe({ tree });

    expect(gpus[0]).toMatchObject({ kernelDriver: 'radeon', unusable: 'no-driver', health: 'unknown' });
    expect(problems).toEqual([expect.objectContaining({ reason: 'driver_not_loaded', device: ADDRESS })]);
  });
});

describe('AMD’s tools, asked only for what the kernel does not tell', () => {
  const nameless = card({ device: '0xfffe\n' });
  const answer = JSON.stringify({ card0: { 'PCI Bus': ADDRESS, 'Card Series': 'AMD Radeon From Tool' } });
  const amdAnswer = (size: unknown): string =>
    JSON.stringify([
      { gpu: 0, asic: { market_name: 'AMD Radeon From amd-smi' }, bus: { bdf: ADDRESS }, vram: { size } },
    ]);

  async function says(
    installed: InstalledMachine,
    tool: 'amdSmi' | 'rocmSmi',
    text: string,
    exitCode = 0,
  ): Promise<void> {
    await writeFile(`${installed.options[tool]}.out`, text);
    const log = `echo ${tool} >> "$0.calls"`;
    await writeFile(installed.options[tool], `#!/bin/sh\n${log}\ncat "$0.out"\nexit ${exitCode}\n`, { mode: 0o755 });
  }

  it('neither tool there: the name is absent, and that is no problem', async () => {
    const { gpus, problems } = await probe(nameless);

    expect(gpus[0]).toMatchObject({ pciDeviceId: 'fffe', vramMiB: 24_560, health: 'ok' });
    expect(gpus[0]).not.toHaveProperty('product');
    expect(problems).toEqual([]);
  });

  it.each([
    ['before', `WARNING: low-power state\n${answer}\n`],
    ['after', `${answer}\nWARNING: low-power state\n`],
  ])('48: a warning %s the document is counted', async (_, text) => {
    await using installed = await installMachine(nameless);
    await says(installed, 'rocmSmi', text);

    const { gpus, problems } = await new Hardware(installed.options).probe();

    expect(gpus[0]?.product).toBe('AMD Radeon From Tool');
    expect(problems.map((problem) => problem.reason)).toEqual(['tool_warning']);
  });

  it.each([
    ['empty output', ''],
    ['two documents', `${answer}\n${answer}\n`],
    ['a document cut off', answer.slice(0, -2)],
  ])('49: %s with exit status 0 is a failed question', async (_, text) => {
    await using installed = await installMachine(nameless);
    await says(installed, 'rocmSmi', text);

    const { gpus, problems } = await new Hardware(installed.options).probe();

    expect(gpus[0]).toMatchObject({ vramMiB: 24_560, health: 'ok' });
    expect(problems.map((problem) => problem.reason)).toEqual(['unexpected_output']);
  });

  it('51: amd-smi failing in JSON and with a negative status: the other tool is asked', async () => {
    await using installed = await installMachine(nameless);
    await says(installed, 'amdSmi', '{"error": "not initialised", "code": -4}\n', 252);
    await says(installed, 'rocmSmi', answer);

    const { gpus, problems } = await new Hardware(installed.options).probe();

    expect(gpus[0]?.product).toBe('AMD Radeon From Tool');
    expect(problems).toEqual([]);
  });

  it('52: a memory that only the tool knows is converted, and left out in an unknown unit', async () => {
    const silent = card({ mem_info_vram_total: undefined });
    await using known = await installMachine(silent);
    await says(known, 'amdSmi', amdAnswer({ value: 24, unit: 'GB' }));
    await using unknown = await installMachine(silent);
    await says(unknown, 'amdSmi', amdAnswer({ value: 24, unit: 'pages' }));

    const converted = await new Hardware(known.options).probe();
    const rejected = await new Hardware(unknown.options).probe();

    expect(converted.gpus[0]).toMatchObject({ vramMiB: 24_576, health: 'ok', memoryType: 'dedicated' });
    expect(converted.problems).toEqual([]);
    expect(rejected.gpus[0]).toMatchObject({ health: 'degraded' });
    expect(rejected.problems.map((problem) => problem.reason)).toEqual(['memory_unknown']);
  });

  it('a tool installed later is found', async () => {
    await using installed = await installMachine(nameless);
    const hardware = new Hardware(installed.options);
    await hardware.probe();
    await says(installed, 'rocmSmi', answer);

    expect((await hardware.probe()).gpus[0]?.product).toBe('AMD Radeon From Tool');
  });

  it('asks once and not on every probe', async () => {
    await using installed = await installMachine(nameless);
    await says(installed, 'rocmSmi', answer);
    const hardware = new Hardware(installed.options);

    const first = await hardware.probe();
    await says(installed, 'rocmSmi', 'broken\n');

    expect((await hardware.probe()).gpus).toEqual(first.gpus);
  });
});
