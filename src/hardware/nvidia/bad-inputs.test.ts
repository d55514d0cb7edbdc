/** What `nvidia-smi` can do wrong. The numbers are those of the project's list of bad inputs for hardware discovery. */
import { writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { Inventory } from '../inventory.ts';
import { Hardware, type HardwareOptions } from '../probe-hardware.ts';
import type { FakeSmiFaults, FakeSmiPlan } from '../testing/fake-smi-plan.ts';
import { type InstalledMachine, installMachine, type Machine } from '../testing/install-machine.ts';
import { a100Mig, eightH100, gb10, nvidiaCells, nvidiaFunction, oneH100, x86Host } from '../testing/machines.ts';

const A = '0000:17:00.0';
const B = '0000:31:00.0';
const twoCards: Machine = {
  tree: { ...x86Host, ...nvidiaFunction(A), ...nvidiaFunction(B) },
  smi: { devices: [nvidiaCells(0, A), nvidiaCells(1, B)] },
};
/** Long enough for the fake to start on a busy machine. */
const HASTY = { killMs: 3000, settleMs: 3500, maxBytes: 1024 * 1024 };

/** A machine whose tool answers otherwise than it should. */
function withPlan(machine: Machine, plan: Partial<FakeSmiPlan>): Machine {
  return { ...machine, smi: { devices: [], ...machine.smi, ...plan } };
}
const withFaults = (machine: Machine, faults: FakeSmiFaults): Machine => withPlan(machine, { faults });
const withCells = (cells: Readonly<Record<string, string>>): Machine =>
  withPlan(oneH100, { devices: [nvidiaCells(0, '0000:00:06.0', cells)] });

async function probe(machine: Machine, options: HardwareOptions = {}): Promise<Inventory> {
  await using installed = await installMachine(machine);
  return await new Hardware({ ...installed.options, ...options }).probe();
}

const reasons = (inventory: Inventory): readonly string[] => inventory.problems.map((problem) => problem.reason);
const health = (inventory: Inventory): unknown => inventory.gpus.map((gpu) => [gpu.pciAddress, gpu.health]);

/** The card is there, and nothing is claimed about it that nobody said. */
function expectUnknownCard(inventory: Inventory, reason: string): void {
  expect(reasons(inventory)).toContain(reason);
  expect(inventory.gpus).toHaveLength(1);
  expect(inventory.gpus[0]).toMatchObject({ vendor: 'NVIDIA', pciDeviceId: '2330', health: 'unknown', readings: {} });
  expect(inventory.gpus[0]).not.toHaveProperty('vramMiB');
}

describe('nvidia-smi as a program', () => {
  it('1: absent: the bus still yields the vendor, the kernel module the name', async () => {
    const inventory = await probe({ tree: oneH100.tree });

    expectUnknownCard(inventory, 'tool_absent');
    expect(inventory.gpus[0]).toMatchObject({ product: 'NVIDIA H100 80GB HBM3', driverVersion: '580.159.04' });
    expect(inventory.problems).toHaveLength(1);
  });

  it('2: present but not executable', async () => {
    await using installed = await installMachine({ tree: oneH100.tree });
    await writeFile(installed.options.nvidiaSmi, '#!/bin/sh\n', { mode: 0o644 });

    expectUnknownCard(await new Hardware(installed.options).probe(), 'tool_not_executable');
  });

  it('2: a program whose loader is not here', async () => {
    await using installed = await installMachine({ tree: oneH100.tree });
    await writeFile(installed.options.nvidiaSmi, '#!/lib/ld-of-another-libc.so\n', { mode: 0o755 });

    expectUnknownCard(await new Hardware(installed.options).probe(), 'tool_not_runnable');
  });

  it.each([
    [
      '3',
      9,
      "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure, please, that\n",
      'driver_not_loaded',
    ],
    ['4', 0, '', 'empty_output'],
    ['7', 6, 'No devices were found\n', 'no_devices'],
    ['9', 18, 'Failed to initialize NVML: Driver/library version mismatch\n', 'library_mismatch'],
    ['10', 255, 'Failed to initialize NVML: Unknown Error\n', 'nvml_unknown_error'],
  ])('%s: exit status %d with %j', async (_, exitCode, stdout, reason) => {
    expectUnknownCard(await probe(withFaults(oneH100, { exitCode, stdout })), reason);
  });

  it('3: says a whole-tool failure once and does not ask for every device', async () => {
    await using installed = await installMachine(withFaults(eightH100, { exitCode: 9, stdout: 'sorry\n' }));

    const inventory = await new Hardware(installed.options).probe();

    expect(reasons(inventory)).toEqual(['driver_not_loaded']);
    expect(inventory.gpus).toHaveLength(8);
    expect(await installed.calls()).toHaveLength(1);
  });

  it('11: hangs: killed, and another probe may follow', async () => {
    await using installed = await installMachine(withFaults(oneH100, { hang: true }));
    const hardware = new Hardware({ ...installed.options, toolLimits: HASTY });

    const first = await hardware.probe();
    await installed.replan({ devices: oneH100.smi?.devices ?? [] });

    expectUnknownCard(first, 'timeout');
    const [call] = await installed.calls();
    expect(() => process.kill(call?.pid ?? 0, 0)).toThrow('ESRCH');
    expect((await hardware.probe()).gpus[0]?.health).toBe('ok');
  });

  it('12: a grandchild holds the pipe: the answer is used, and nobody waits for the grandchild', async () => {
    const machine = withFaults(oneH100, { grandchildMs: 20_000 });

    const inventory = await probe(machine, { toolLimits: { killMs: 10_000, settleMs: 10_200, maxBytes: 1024 * 1024 } });

    expect(inventory.gpus[0]).toMatchObject({ health: 'ok', vramMiB: 81_559 });
  });

  it('13: says too much: killed', async () => {
    expectUnknownCard(await probe(withFaults(oneH100, { floodBytes: 2 * 1024 * 1024 })), 'output_too_large');
  });

  it('62: told to stop in the middle: the child is killed and the cards are still counted', async () => {
    await using installed = await installMachine(withFaults(oneH100, { hang: true }));
    const stop = new AbortController();
    const running = new Hardware(installed.options).probe(stop.signal);
    const deadline = Date.now() + 10_000;
    while ((await installed.calls()).length === 0 && Date.now() < deadline)
      await new Promise((next) => setTimeout(next, 10));

    stop.abort();

    expectUnknownCard(await running, 'cancelled');
  });
});

describe('devices in trouble', () => {
  it('5: a corrupt infoROM: the row is kept, the card degraded', async () => {
    const appended = 'WARNING: infoROM is corrupted at gpu 0000:31:00.0\n';

    const inventory = await probe(withFaults(twoCards, { exitCode: 14, appended }));

    expect(health(inventory)).toEqual([
      [A, 'ok'],
      [B, 'degraded'],
    ]);
    expect(inventory.gpus[1]?.vramMiB).toBe(81_559);
    expect(reasons(inventory)).toEqual(['inforom_corrupted']);
  });

  it('6: one lost card hides all in the listing: each is asked alone', async () => {
    await using installed = await installMachine(withPlan(eightH100, { lost: ['00000000:3A:00.0'] }));
    const hardware = new Hardware(installed.options);

    const inventory = await hardware.probe();

    expect(inventory.gpus.map((gpu) => gpu.health)).toEqual(['ok', 'ok', 'lost', 'ok', 'ok', 'ok', 'ok', 'ok']);
    expect(inventory.gpus.filter((gpu) => gpu.vramMiB === 81_559)).toHaveLength(7);
    expect(inventory.problems).toContainEqual(
      expect.objectContaining({ reason: 'device_lost', device: '0000:3a:00.0' }),
    );
  });

  it('18: a cell in which the device complains', async () => {
    const lost = await probe(withCells({ 'temperature.gpu': '[GPU is lost]' }));
    const sick = await probe(withCells({ 'power.draw': '[Unknown Error]' }));

    expect(lost.gpus[0]).toMatchObject({ health: 'lost' });
    expect(sick.gpus[0]).toMatchObject({ health: 'degraded', vramMiB: 81_559 });
    expect(sick.gpus[0]?.readings).not.toHaveProperty('powerWatts');
  });

  it('the driver asks for a reset', async () => {
    const inventory = await probe(withCells({ gpu_recovery_action: 'Reset' }));

    expect(inventory.gpus[0]).toMatchObject({ health: 'degraded', vramMiB: 81_559 });
    expect(reasons(inventory)).toEqual(['recovery_needed']);
  });

  it('a card on the bus that the tool does not show', async () => {
    const inventory = await probe(withPlan(twoCards, { devices: [nvidiaCells(0, B)] }));

    expect(health(inventory)).toEqual([
      [A, 'unknown'],
      [B, 'ok'],
    ]);
    expect(inventory.problems).toEqual([expect.objectContaining({ reason: 'not_visible', device: A })]);
  });
});

describe('the table', () => {
  it('14: the last line cut in the middle: that row is rejected, and asked again alone', async () => {
    await using installed = await installMachine(twoCards);
    const full = (await probe(twoCards)).gpus;
    const header = 500;
    await installed.replan({
      ...twoCards.smi,
      devices: twoCards.smi?.devices ?? [],
      faults: { truncateAt: header + 150 },
    });

    const inventory = await new Hardware(installed.options).probe();

    expect(inventory.gpus[0]).toEqual(full[0]);
    expect(reasons(inventory)).toContain('bad_row');
  });

  it('15: a comma in the product name', async () => {
    const inventory = await probe(withCells({ name: 'NVIDIA RTX, special edition' }));

    expect(inventory.gpus[0]).toMatchObject({ product: 'NVIDIA RTX, special edition', vramMiB: 81_559 });
  });

  it('16: a column too many in the header: nothing is taken from the sample', async () => {
    const stdout = 'index, uuid, surprise, name\n0, GPU-1, x, NVIDIA H100\n';

    expectUnknownCard(await probe(withFaults(oneH100, { stdout })), 'unexpected_output');
  });

  it('17: fields that an old driver does not know: asked again without them, and remembered', async () => {
    const unknownFields = ['compute_cap', 'clocks_event_reasons.active', 'gpu_recovery_action', 'addressing_mode'];
    await using installed = await installMachine(withPlan(oneH100, { unknownFields }));
    const hardware = new Hardware(installed.options);

    const first = await hardware.probe();
    const callsOfFirst = (await installed.calls()).length;
    const second = await hardware.probe();

    expect(first.problems).toEqual([]);
    expect(first.gpus[0]).toMatchObject({ health: 'ok', vramMiB: 81_559, readings: { throttleReasons: [] } });
    expect(first.gpus[0]).not.toHaveProperty('arch');
    expect(second.gpus).toEqual(first.gpus);
    expect(callsOfFirst).toBe(6);
    expect((await installed.calls()).length - callsOfFirst).toBe(1);
  });

  it('17: a field that nothing replaces: no endless loop', async () => {
    expectUnknownCard(await probe(withPlan(oneH100, { unknownFields: ['temperature.gpu'] })), 'unknown_field');
  });

  const numeric = [
    ['memory.used', 'memoryUsedMiB'],
    ['memory.free', 'memoryFreeMiB'],
    ['utilization.gpu', 'utilization'],
    ['temperature.gpu', 'temperatureCelsius'],
    ['power.draw', 'powerWatts'],
    ['enforced.power.limit', 'powerLimitWatts'],
    ['clocks.current.sm', 'smClockMHz'],
  ] as const;
  it.each(numeric)('18: no value in %s leaves the others', async (field, reading) => {
    const { gpus, problems } = await probe(withCells({ [field]: '[Not Supported]' }));

    expect(gpus[0]?.readings).not.toHaveProperty(reading);
    expect(Object.keys(gpus[0]?.readings ?? {})).toHaveLength(7);
    expect(gpus[0]?.health).toBe('ok');
    expect(problems).toEqual([]);
  });

  it('18: what the driver refuses to tell is a problem, and no sickness', async () => {
    const inventory = await probe(withCells({ 'mig.mode.current': '[Insufficient Permissions]' }));

    expect(inventory.gpus[0]).toMatchObject({ health: 'ok', mig: false });
    expect(reasons(inventory)).toEqual(['no_permission']);
  });

  it.each([
    ['23', { 'utilization.gpu': '4294967295 %' }, 'utilization'],
    ['24', { 'temperature.gpu': '511' }, 'temperatureCelsius'],
    ['25', { 'power.draw': '39,32 W' }, 'powerWatts'],
  ])('%s: %j is dropped and counted', async (_, cells, reading) => {
    const inventory = await probe(withCells(cells));

    expect(inventory.gpus[0]?.readings).not.toHaveProperty(reading);
    expect(reasons(inventory)).toEqual(['reading_invalid']);
  });

  it('25: CRLF line endings', async () => {
    await using installed = await installMachine(oneH100);
    const regular = await new Hardware(installed.options).probe();
    const [call] = await installed.calls();
    const fields = (call?.args[0] ?? '').replace('--query-gpu=', '').split(',');
    const cells = oneH100.smi?.devices[0] ?? {};
    const row = fields.map((field) => (cells[field] ?? '[N/A]').replace(/ (MiB|W|%|MHz)$/, ''));
    await installed.replan({
      devices: [],
      faults: { stdout: `${fields.join(', ')}\r\n${row.join(', ')}\r\n`, exitCode: 0 },
    });

    const inventory = await new Hardware(installed.options).probe();

    expect(inventory.gpus).toEqual(regular.gpus);
  });

  it('26: bytes in the name that are no text', async () => {
    const { gpus } = await probe(withFaults(oneH100, { nameBytes: [0xff, 0xfe] }));

    expect(gpus[0]).toMatchObject({ product: 'NVIDIA H100 80GB HBM3\uFFFD\uFFFD', vramMiB: 81_559 });
  });

  it('27: a UUID that two cards share, and one of zeros only, identify nobody', async () => {
    const uuid = 'GPU-00000000-1111-4222-8333-444444444401';
    const shared = await probe(
      withPlan(twoCards, { devices: [nvidiaCells(0, A, { uuid }), nvidiaCells(1, B, { uuid })] }),
    );
    const zero = await probe(withCells({ uuid: 'GPU-00000000-0000-0000-0000-000000000000' }));

    expect(shared.gpus.map((gpu) => [gpu.pciAddress, gpu.uuid, gpu.health])).toEqual([
      [A, undefined, 'ok'],
      [B, undefined, 'ok'],
    ]);
    expect(reasons(shared)).toEqual(['duplicate_uuid', 'duplicate_uuid']);
    expect(zero.gpus[0]).not.toHaveProperty('uuid');
  });

  it('28: an address with eight upper-case digits is the bus’s own with four', async () => {
    const { gpus } = await probe(withPlan(twoCards, {}));

    expect(gpus.map((gpu) => [gpu.pciAddress, gpu.kernelDriver])).toEqual([
      [A, 'nvidia'],
      [B, 'nvidia'],
    ]);
  });
});

describe('memory that is not one number', () => {
  it('19, 29: a part that shares the machine’s memory, in a PCI domain of its own', async () => {
    const { gpus, problems } = await probe(gb10);

    expect(gpus[0]).toMatchObject({
      pciAddress: '000f:01:00.0',
      memoryType: 'unified',
      integrated: true,
      health: 'ok',
    });
    expect(gpus[0]).not.toHaveProperty('vramMiB');
    expect(problems).toEqual([]);
  });

  it('19: a unified part that no list knows is known by how it addresses memory', async () => {
    const cells = { name: 'NVIDIA GB99', 'memory.total': '[N/A]', 'pci.device_id': '0x9999' };
    const tree = { ...x86Host, ...nvidiaFunction(A, '0x9999') };
    const ats = await probe({ tree, smi: { devices: [nvidiaCells(0, A, { ...cells, addressing_mode: 'ATS' })] } });

    expect(ats.gpus[0]).toMatchObject({ memoryType: 'unified', integrated: true, health: 'ok' });
    expect(ats.problems).toEqual([]);
  });

  it('20: a card with memory of its own that does not tell how much', async () => {
    const inventory = await probe(withCells({ 'memory.total': '[N/A]' }));

    expect(inventory.gpus[0]).toMatchObject({ health: 'degraded', memoryType: 'unknown', integrated: false });
    expect(inventory.gpus[0]).not.toHaveProperty('vramMiB');
    expect(reasons(inventory)).toEqual(['memory_unknown']);
  });

  it('20: the memory that such a card told earlier is kept', async () => {
    await using installed = await installMachine(oneH100);
    const hardware = new Hardware(installed.options);
    await hardware.probe();
    await installed.replan({ devices: [nvidiaCells(0, '0000:00:06.0', { 'memory.total': '[N/A]' })] });

    const { gpus } = await hardware.probe();

    expect(gpus[0]).toMatchObject({ health: 'degraded', vramMiB: 81_559, memoryType: 'dedicated' });
  });

  it('21, 22: a divided card has the memory of its smallest slice and no utilisation', async () => {
    const { gpus, problems } = await probe(a100Mig);

    expect(problems).toEqual([]);
    expect(gpus[0]).toMatchObject({ mig: true, vramMiB: 19_968, partitions: 2, health: 'ok' });
    expect(gpus[0]?.readings).not.toHaveProperty('utilization');
    expect(gpus[0]?.readings.memoryUsedMiB).toBe(59);
  });

  it('22: slices that do not tell their size leave the memory out, not the whole card’s in', async () => {
    const inventory = await probe(withPlan(a100Mig, { xml: {} }));

    expect(inventory.gpus[0]).toMatchObject({ mig: true, health: 'ok' });
    expect(inventory.gpus[0]).not.toHaveProperty('vramMiB');
    expect(reasons(inventory)).toEqual(['mig_slices_unknown']);
  });
});

describe('repeated readings', () => {
  it('a failed reading is no reading, and is told', async () => {
    await using installed: InstalledMachine = await installMachine(oneH100);
    const hardware = new Hardware(installed.options);
    const { gpus } = await hardware.probe();
    await installed.replan({ devices: [], faults: { exitCode: 9, stdout: 'gone\n' } });

    const sample = await hardware.readGpus(gpus);
    const others = await hardware.gpuProcesses(gpus);

    expect(sample.readings.size).toBe(0);
    expect(sample.problems.map((problem) => problem.reason)).toEqual(['driver_not_loaded']);
    expect(others.problems.map((problem) => problem.reason)).toEqual(['unexpected_output']);
  });

  it('asks nothing about cards that cannot answer', async () => {
    await using installed = await installMachine(oneH100);
    const hardware = new Hardware(installed.options);
    const gpus = (await hardware.probe()).gpus.map((gpu) => ({ ...gpu, health: 'lost' as const }));
    const before = (await installed.calls()).length;

    await hardware.readGpus(gpus);
    await hardware.gpuProcesses(gpus);

    expect(await installed.calls()).toHaveLength(before);
  });
});
