import { describe, expect, it } from 'vitest';
import type { GpuDevice, Inventory } from '../hardware/inventory.ts';
import { engineThreads, localDevices } from './devices.ts';

const gpu = (index: number, extra: Partial<GpuDevice> = {}): GpuDevice => ({
  index,
  vendor: 'NVIDIA',
  pciAddress: `0000:0${index}:00.0`,
  pciDeviceId: '2330',
  product: 'NVIDIA H100 80GB HBM3',
  arch: 'sm_90',
  vramMiB: 81_559,
  memoryType: 'dedicated',
  integrated: false,
  mig: false,
  health: 'ok',
  readings: {},
  ...extra,
});

const machine = (gpus: readonly GpuDevice[]): Inventory => ({
  cpu: {
    model: 'AMD EPYC 7763',
    architecture: 'x86-64',
    level: 'v3',
    avx512: false,
    allocatableCores: 8,
    logicalCpus: 8,
  },
  memory: { totalMiB: 32_000, availableMiB: 30_000 },
  gpus,
  problems: [],
});

describe('localDevices', () => {
  it('groups GPUs of one class and keeps the CPU as a device of its own', () => {
    const devices = localDevices(
      machine([gpu(0), gpu(1), gpu(2, { product: 'NVIDIA L4', arch: 'sm_89', vramMiB: 23_034 })]),
    );

    expect(devices.map(({ name, deviceClass }) => [name, deviceClass])).toEqual([
      ['gpu 0,1', 'nvidia.h100-80gb-hbm3.sm_90.79g'],
      ['gpu 2', 'nvidia.l4.sm_89.22g'],
      ['cpu', 'cpu.amd-epyc-7763.v3.8c'],
    ]);
  });

  it('leaves out a lost GPU and one whose memory is unknown', () => {
    const { vramMiB: _, ...unknown } = gpu(1);

    const devices = localDevices(machine([gpu(0, { health: 'lost' }), unknown]));

    expect(devices.map((device) => device.name)).toEqual(['cpu']);
  });
});

describe('engineThreads', () => {
  it.each([
    [2, 2, 1],
    [2, 8, 2],
    [16, 8, 7],
    [0.5, 8, 1],
    [2, 1, 1],
    [4, 3.5, 2],
  ])('for %s requested of %s cores is %s', (requested, cores, expected) => {
    expect(engineThreads(requested, cores)).toBe(expected);
  });
});
