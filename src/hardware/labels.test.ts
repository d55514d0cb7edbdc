import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { GpuDevice, Inventory } from './inventory.ts';
import { isLabelValue } from './label-value.ts';
import { labelsOf } from './labels.ts';

const h100: GpuDevice = {
  index: 0,
  vendor: 'NVIDIA',
  pciAddress: '0000:01:00.0',
  pciDeviceId: '2330',
  product: 'NVIDIA H100 80GB HBM3',
  arch: 'sm_90',
  vramMiB: 81_559,
  memoryType: 'dedicated',
  integrated: false,
  mig: false,
  driverVersion: '580.159.04',
  health: 'ok',
  readings: {},
};
const radeon: GpuDevice = {
  ...h100,
  vendor: 'AMD',
  pciAddress: '0000:02:00.0',
  pciDeviceId: '744c',
  product: 'AMD Radeon RX 7900 XTX',
  arch: 'gfx1100',
  vramMiB: 24_560,
  driverVersion: '6.10.5',
};
const apu: GpuDevice = {
  ...radeon,
  pciAddress: '0000:10:00.0',
  product: 'AMD Radeon Graphics',
  arch: 'gfx1036',
  integrated: true,
  memoryType: 'carveout',
};
const { vramMiB: _memory, ...withoutMemory } = h100;
const { arch: _arch, ...withoutArch } = h100;

function machine(...gpus: readonly GpuDevice[]): Inventory {
  return {
    cpu: {
      model: 'AMD EPYC 7763',
      architecture: 'x86-64',
      level: 'v3',
      avx512: false,
      allocatableCores: 16,
      logicalCpus: 16,
    },
    memory: { totalMiB: 65_536, availableMiB: 60_000 },
    gpus: gpus.map((gpu, index) => ({ ...gpu, index })),
    problems: [],
  };
}

const CPU_LABELS = { 'cpu.avx512': 'false', 'cpu.level': 'x86-64-v3', 'device-class': 'cpu.amd-epyc-7763.v3.16c' };

describe('labelsOf', () => {
  it('says everything about one card', () => {
    expect(labelsOf(machine(h100))).toEqual({
      labels: {
        'cpu.avx512': 'false',
        'cpu.level': 'x86-64-v3',
        'device-class': 'nvidia.h100-80gb-hbm3.sm_90.79g',
        'gpu.arch': 'sm_90',
        'gpu.bf16': 'true',
        'gpu.count': '1',
        'gpu.driver': '580.159.04',
        'gpu.fp8': 'true',
        'gpu.int4': 'true',
        'gpu.int4-kernels': 'gguf.gptq.awq.marlin',
        'gpu.memory-type': 'dedicated',
        'gpu.mig': 'false',
        'gpu.mixed': 'false',
        'gpu.product': 'NVIDIA-H100-80GB-HBM3',
        'gpu.vendor': 'NVIDIA',
        'gpu.vram': '79Gi',
        'gpu.vram-mib': '81559',
      },
      problems: [],
    });
  });

  it('says nothing about GPUs that cannot be used', () => {
    const gpus: readonly GpuDevice[] = [
      { ...h100, health: 'lost' },
      { ...h100, health: 'unknown', unusable: 'no-driver' },
      { ...h100, unusable: 'passed-through' },
    ];

    expect(labelsOf(machine(...gpus)).labels).toEqual(CPU_LABELS);
  });

  it('goes by the cores that the Node offers', () => {
    expect(labelsOf(machine(), { allocatableCores: 7.57 }).labels['device-class']).toBe('cpu.amd-epyc-7763.v3.7.5c');
  });

  it('30: lets the weakest of two models speak, whatever their order', () => {
    const t4: GpuDevice = { ...h100, product: 'Tesla T4', arch: 'sm_75', vramMiB: 15_360, pciDeviceId: '1eb8' };

    const results = [labelsOf(machine(h100, t4, h100)), labelsOf(machine(t4, h100, h100))];

    expect(results[1]).toEqual(results[0]);
    expect(results[0]?.labels).toMatchObject({
      'gpu.mixed': 'true',
      'gpu.arch': 'sm_75',
      'gpu.vram': '15Gi',
      'gpu.vram-mib': '15360',
      'gpu.bf16': 'false',
      'gpu.int4': 'true',
      'gpu.count': '3',
      'gpu.product': 'Tesla-T4',
      'device-class': 'nvidia.tesla-t4.sm_75.15g',
    });
  });

  it('31: goes by the vendor with more memory where there are two, and demands of both what it promises', () => {
    const two = machine(radeon, h100);
    const four = machine(h100, radeon, radeon, radeon, radeon);

    expect(labelsOf(two).labels).toMatchObject({
      'gpu.vendor': 'NVIDIA',
      'gpu.vram': '79Gi',
      'gpu.mixed': 'true',
      'gpu.fp8': 'false',
      'gpu.int4-kernels': 'gguf.gptq.awq',
    });
    expect(labelsOf(four).labels).toMatchObject({ 'gpu.vendor': 'AMD', 'gpu.vram': '23Gi', 'gpu.mixed': 'true' });
  });

  it('31: takes the first vendor by name when they have as much', () => {
    const even = machine({ ...h100, vramMiB: 24_560 }, radeon);

    expect(labelsOf(even).labels['gpu.vendor']).toBe('AMD');
  });

  it('19: names the kind of memory where it is shared with the processor, and no amount', () => {
    const { labels } = labelsOf(machine({ ...withoutMemory, memoryType: 'unified', integrated: true }));

    expect(labels).toMatchObject({ 'gpu.memory-type': 'unified', 'gpu.vendor': 'NVIDIA' });
    expect(labels).not.toHaveProperty('gpu.vram');
    expect(labels).not.toHaveProperty('gpu.vram-mib');
    expect(labels['device-class']).toBe('cpu.amd-epyc-7763.v3.16c');
  });

  it('20: gives no memory and no class as long as one card does not tell its own', () => {
    const { labels } = labelsOf(machine(h100, { ...withoutMemory, health: 'degraded' }));

    expect(labels).toMatchObject({ 'gpu.count': '2', 'gpu.arch': 'sm_90' });
    for (const name of ['gpu.vram', 'gpu.vram-mib']) expect(labels).not.toHaveProperty(name);
  });

  it('never writes 0Gi', () => {
    const { labels } = labelsOf(machine({ ...h100, vramMiB: 512 }));

    expect(labels).toMatchObject({ 'gpu.vram-mib': '512' });
    expect(labels).not.toHaveProperty('gpu.vram');
    expect(labels).not.toHaveProperty('device-class');
  });

  it('22: offers of a divided card its smallest part', () => {
    const { labels } = labelsOf(machine({ ...h100, mig: true, vramMiB: 19_968, partitions: 3 }));

    expect(labels).toMatchObject({ 'gpu.mig': 'true', 'gpu.vram': '19Gi' });
  });

  it('42: leaves a GPU inside the processor out beside a card, and marks it where it is alone', () => {
    expect(labelsOf(machine(radeon, apu)).labels).toEqual(labelsOf(machine(radeon)).labels);
    expect(labelsOf(machine(apu)).labels).toMatchObject({ 'gpu.memory-type': 'carveout', 'gpu.int4': 'false' });
  });

  it('does not guess what an unknown architecture can do, and says so once', () => {
    const result = labelsOf(machine({ ...radeon, arch: 'gfx1250' }, { ...radeon, arch: 'gfx1250' }));

    expect(result.labels).toMatchObject({ 'gpu.arch': 'gfx1250' });
    for (const name of ['gpu.int4', 'gpu.bf16', 'gpu.fp8', 'gpu.int4-kernels']) {
      expect(result.labels).not.toHaveProperty(name);
    }
    expect(result.problems.map((problem) => problem.reason)).toEqual(['arch_unknown']);
  });

  it('does not name an architecture that is not known of every card', () => {
    expect(labelsOf(machine(h100, withoutArch)).labels).not.toHaveProperty('gpu.arch');
  });

  it('lets the operator add an architecture', () => {
    const row = { arch: 'gfx1250', kernels: ['gguf'], int4: false, bf16: true, fp8: true, source: 'here' } as const;

    const { labels, problems } = labelsOf(machine({ ...radeon, arch: 'gfx1250' }), { architectures: [row] });

    expect(labels).toMatchObject({ 'gpu.int4': 'false', 'gpu.bf16': 'true', 'gpu.int4-kernels': 'gguf' });
    expect(problems).toEqual([]);
  });

  it('lets a person choose the class, unless no label can hold it', () => {
    const chosen = labelsOf(machine(h100), { deviceClass: 'fast-ones' });
    const wrong = labelsOf(machine(h100), { deviceClass: 'not a value' });

    expect(chosen.labels['device-class']).toBe('fast-ones');
    expect(wrong.labels['device-class']).toBe('nvidia.h100-80gb-hbm3.sm_90.79g');
    expect(wrong.problems.map((problem) => problem.reason)).toEqual(['bad_override']);
  });

  const anyGpu = fc.record(
    {
      vendor: fc.constantFrom('NVIDIA' as const, 'AMD' as const),
      pciDeviceId: fc.constantFrom('2330', '744c'),
      product: fc.oneof(fc.constantFrom('Tesla T4', 'NVIDIA H100'), fc.string({ unit: 'binary', maxLength: 100 })),
      arch: fc.oneof(fc.constantFrom('sm_90', 'sm_75', 'gfx1100', 'gfx906'), fc.string({ maxLength: 12 })),
      vramMiB: fc.nat({ max: 300_000 }),
      integrated: fc.boolean(),
      mig: fc.boolean(),
      driverVersion: fc.string({ maxLength: 80 }),
      health: fc.constantFrom('ok' as const, 'degraded' as const, 'lost' as const),
    },
    { requiredKeys: ['vendor', 'pciDeviceId', 'integrated', 'mig', 'health'] },
  );
  const anyGpus = fc.array(anyGpu, { maxLength: 6 }).map((gpus) =>
    gpus.map(
      (gpu, index): GpuDevice => ({
        ...gpu,
        index,
        pciAddress: `0000:0${index}:00.0`,
        memoryType: 'dedicated',
        readings: {},
      }),
    ),
  );

  it('gives only valid values, whatever the devices say', () => {
    fc.assert(
      fc.property(anyGpus, fc.string({ unit: 'binary' }), (gpus, deviceClass) => {
        const { labels } = labelsOf(machine(...gpus), { deviceClass });

        expect(Object.values(labels).filter((value) => value === '' || !isLabelValue(value))).toEqual([]);
      }),
    );
  });

  it('does not depend on the order of devices', () => {
    fc.assert(
      fc.property(
        anyGpus.chain((gpus) => fc.tuple(fc.constant(gpus), fc.shuffledSubarray(gpus, { minLength: gpus.length }))),
        ([gpus, shuffled]) => {
          expect(labelsOf(machine(...shuffled)).labels).toEqual(labelsOf(machine(...gpus)).labels);
        },
      ),
    );
  });
});
