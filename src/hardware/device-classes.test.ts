import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDeviceClass } from '../api/device-class.ts';
import { cpuClass, gpuClass } from './device-classes.ts';
import type { GpuDevice } from './inventory.ts';

const h100: GpuDevice = {
  index: 0,
  vendor: 'NVIDIA',
  pciAddress: '0000:00:06.0',
  pciDeviceId: '2330',
  product: 'NVIDIA H100 80GB HBM3',
  arch: 'sm_90',
  vramMiB: 81_559,
  memoryType: 'dedicated',
  integrated: false,
  mig: false,
  health: 'ok',
  readings: {},
};
const { arch: _arch, ...withoutArch } = h100;
const { vramMiB: _vram, ...withoutMemory } = h100;
const { product: _product, ...withoutProduct } = h100;

describe('gpuClass', () => {
  it('names an NVIDIA and an AMD card without repeating the vendor', () => {
    const radeon: GpuDevice = {
      ...h100,
      vendor: 'AMD',
      product: 'AMD Radeon RX 7900 XTX',
      arch: 'gfx1100',
      vramMiB: 24_560,
    };

    expect(gpuClass(h100)).toBe('nvidia.h100-80gb-hbm3.sm_90.79g');
    expect(gpuClass(radeon)).toBe('amd.radeon-rx-7900-xtx.gfx1100.23g');
  });

  it.each([[withoutProduct], [{ ...h100, product: '®' }], [{ ...h100, product: '显卡' }]])(
    'goes by the device id when the product has no name to write',
    (gpu) => {
      expect(gpuClass(gpu)).toBe('nvidia.dev-2330.sm_90.79g');
    },
  );

  it('is unknown without architecture, without memory, and below one GiB', () => {
    expect(gpuClass(withoutArch)).toBeUndefined();
    expect(gpuClass(withoutMemory)).toBeUndefined();
    expect(gpuClass({ ...h100, vramMiB: 512 })).toBeUndefined();
  });

  it('reads back for every product name', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 120 }), (product) => {
        expect(parseDeviceClass(gpuClass({ ...h100, product }) ?? '')).toMatchObject({ arch: 'sm_90', vramGiB: 79 });
      }),
    );
  });
});

describe('cpuClass', () => {
  it('names model, level and the cores that may be used', () => {
    const cpu = {
      model: 'AMD EPYC 7763 64-Core Processor',
      architecture: 'x86-64',
      level: 'v3',
      avx512: false,
      allocatableCores: 7.5,
      logicalCpus: 128,
    };

    expect(cpuClass({ cpu })).toBe('cpu.amd-epyc-7763-64-core-processor.v3.7.5c');
  });
});
