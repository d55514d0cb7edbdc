import { describe, expect, it } from 'vitest';
import { DeviceMemory } from './device-memory.ts';
import { gpusAreCertain } from './failed-sources.ts';
import type { GpuDevice, HardwareProblem, Inventory } from './inventory.ts';

const gpu = (bus: string, change: Partial<GpuDevice> = {}): GpuDevice => ({
  index: 0,
  vendor: 'NVIDIA',
  pciAddress: `0000:${bus}:00.0`,
  pciDeviceId: '2330',
  arch: 'sm_90',
  vramMiB: 81_559,
  memoryType: 'dedicated',
  integrated: false,
  mig: false,
  health: 'ok',
  readings: { temperatureCelsius: 40 },
  ...change,
});

function look(gpus: readonly GpuDevice[], problems: readonly HardwareProblem[] = []): Inventory {
  return {
    cpu: { model: 'x', architecture: 'x86-64', level: 'v3', avx512: false, allocatableCores: 1, logicalCpus: 1 },
    memory: { totalMiB: 1, availableMiB: 1 },
    gpus: gpus.map((each, index) => ({ ...each, index })),
    problems,
  };
}

/** Lets a memory see looks one after another and gives what may be relied on after each: addresses and health. */
function steadyAfter(looks: readonly Inventory[]): readonly (readonly string[])[] {
  const memory = new DeviceMemory();
  return looks.map((each) =>
    memory
      .settle(each, gpusAreCertain(each))
      .steady.gpus.map((one) => `${one.index} ${one.pciAddress.slice(5, 7)} ${one.health}`),
  );
}

const both = look([gpu('01'), gpu('02')]);
const onlySecond = look([gpu('02')]);
const broken = look(
  [gpu('01', { health: 'unknown' }), gpu('02', { health: 'unknown' })],
  [{ source: 'nvidia', reason: 'driver_not_loaded', detail: 'x' }],
);

describe('DeviceMemory', () => {
  it('8: lets a device go after three clean looks without it', () => {
    const steady = steadyAfter([both, onlySecond, onlySecond, onlySecond]);

    expect(steady).toEqual([['0 01 ok', '1 02 ok'], ['0 01 ok', '1 02 ok'], ['0 01 ok', '1 02 ok'], ['0 02 ok']]);
  });

  it('65: forgets an absence as soon as the device is back, and never renumbers the others for it', () => {
    const steady = steadyAfter([both, onlySecond, onlySecond, both, onlySecond, onlySecond, both]);

    expect(new Set(steady.map((each) => each.join()))).toEqual(new Set(['0 01 ok,1 02 ok']));
  });

  it('9: keeps devices for as long as their driver does not answer', () => {
    const steady = steadyAfter([both, ...Array.from({ length: 20 }, () => broken)]);

    expect(steady.at(-1)).toEqual(['0 01 ok', '1 02 ok']);
  });

  it('counts no look that could not see the bus', () => {
    const blind = look([], [{ source: 'pci', reason: 'unreadable', detail: 'x' }]);

    const steady = steadyAfter([both, onlySecond, onlySecond, blind, blind, onlySecond]);

    expect(steady[4]).toEqual(['0 01 ok', '1 02 ok']);
    expect(steady[5]).toEqual(['0 02 ok']);
  });

  it('shows a device that has vanished as lost, without readings', () => {
    const memory = new DeviceMemory();
    memory.settle(both, true);

    const { now } = memory.settle(onlySecond, true);

    expect(now.gpus.map(({ index, health, readings }) => ({ index, health, readings }))).toEqual([
      { index: 0, health: 'lost', readings: {} },
      { index: 1, health: 'ok', readings: { temperatureCelsius: 40 } },
    ]);
  });

  it('takes a lost and a passed-through device for gone after three looks', () => {
    const lost = look([gpu('01', { health: 'lost' }), gpu('02', { unusable: 'passed-through', health: 'unknown' })]);

    const steady = steadyAfter([both, lost, lost, lost]);

    expect(steady[2]).toEqual(['0 01 ok', '1 02 ok']);
    expect(steady[3]).toEqual(['0 01 lost', '1 02 unknown']);
  });
});
