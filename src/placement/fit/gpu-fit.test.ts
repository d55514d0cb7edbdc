import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Requirement } from '../requirement.ts';
import type { NodeFacts } from '../snapshot.ts';
import { gpu, gpuNode, requirement } from '../testing/fleet.ts';
import { fitGpus } from './gpu-fit.ts';

function misfit(wanted: Partial<Requirement>, node: Partial<NodeFacts>) {
  return fitGpus(requirement(wanted), gpuNode('a', node)).misfit;
}

describe('fitGpus', () => {
  it('takes any GPU when nothing is demanded, even one of which nothing is known', () => {
    expect(fitGpus(requirement(), { name: 'a', gpus: [{ healthy: true }] })).toEqual({
      misfit: undefined,
      warnings: [],
    });
  });

  it.each<[string, Partial<Requirement>, Partial<NodeFacts>]>([
    ['NoGpu', {}, { gpus: [] }],
    ['VendorMismatch', { vendors: ['AMD'] }, {}],
    ['ArchUnsupported', { architectures: ['sm_89', 'sm_90'] }, {}],
    ['ArchUnsupported', { kernels: ['marlin'] }, {}],
    ['Int4Unsupported', { int4: true }, { gpuInt4: false }],
    ['TooFewGpus', { gpus: 2 }, {}],
    ['VramCapacityTooSmall', { vramMiBPerGpu: 24_000 }, {}],
    ['GpuUnhealthy', {}, { gpus: [gpu({ healthy: false })] }],
    ['VramFreeTooSmall', { vramMiBPerGpu: 6000 }, { gpus: [gpu({ freeMiB: 4096 })] }],
  ])('refuses with %s', (reason, wanted, node) => {
    expect(misfit(wanted, node)?.reason).toBe(reason);
  });

  it('refuses what is unknown where something is demanded of it', () => {
    expect(fitGpus(requirement({ vendors: ['NVIDIA'] }), { name: 'a', gpus: [gpu()] }).misfit?.reason).toBe(
      'VendorMismatch',
    );
    expect(fitGpus(requirement({ architectures: ['sm_86'] }), { name: 'a', gpus: [gpu()] }).misfit?.reason).toBe(
      'ArchUnsupported',
    );
    expect(fitGpus(requirement({ kernels: ['gguf'] }), { name: 'a', gpus: [gpu()] }).misfit?.reason).toBe(
      'ArchUnsupported',
    );
    expect(fitGpus(requirement({ int4: true }), { name: 'a', gpus: [gpu()] }).misfit?.reason).toBe('Int4Unsupported');
    expect(misfit({ vramMiBPerGpu: 1 }, { gpus: [{ healthy: true }] })).toEqual({
      reason: 'VramCapacityTooSmall',
      detail: 'needs 1 MiB, its memory is unknown',
    });
  });

  it('does not ask for 4-bit kernels unless the model needs them', () => {
    expect(misfit({ int4: false }, { gpuInt4: false })).toBeUndefined();
  });

  it('does not refuse for free memory that is unknown', () => {
    expect(misfit({ vramMiBPerGpu: 6000 }, { gpus: [{ totalMiB: 8192, healthy: true }] })).toBeUndefined();
  });

  it('refuses a node whose largest GPU is smaller than the model, even if the sum is larger', () => {
    const twice = [gpu({ totalMiB: 12_288 }), gpu({ totalMiB: 12_288 })];

    expect(misfit({ vramMiBPerGpu: 20_480 }, { gpus: twice })).toEqual({
      reason: 'VramCapacityTooSmall',
      detail: 'needs 20480 MiB, has 12288 MiB',
    });
  });

  it('does not add up free memory either', () => {
    const halves = [gpu({ totalMiB: 24_576, freeMiB: 12_288 }), gpu({ totalMiB: 24_576, freeMiB: 12_000 })];

    expect(misfit({ vramMiBPerGpu: 20_480 }, { gpus: halves })).toEqual({
      reason: 'VramFreeTooSmall',
      detail: 'needs 20480 MiB, 12288 MiB are free',
    });
  });

  it('looks at the best GPUs of a mixed node, as many as the replica takes', () => {
    const mixed = [gpu({ totalMiB: 8192, freeMiB: 8192 }), gpu({ totalMiB: 24_576, freeMiB: 24_000 })];

    expect(misfit({ vramMiBPerGpu: 20_480 }, { gpus: mixed })).toBeUndefined();
    expect(misfit({ vramMiBPerGpu: 20_480, gpus: 2 }, { gpus: mixed })).toEqual({
      reason: 'VramCapacityTooSmall',
      detail: 'needs 20480 MiB on each of 2 GPUs, has 8192 MiB',
    });
  });

  it('does not count a GPU that is sick, too small or full, whichever it is', () => {
    const gpus = [gpu({ healthy: false }), gpu({ totalMiB: 4096 }), gpu({ freeMiB: 100 })];

    expect(misfit({ vramMiBPerGpu: 6000 }, { gpus })?.reason).toBe('VramFreeTooSmall');
    expect(misfit({ vramMiBPerGpu: 6000, gpus: 2 }, { gpus })?.reason).toBe('GpuUnhealthy');
    expect(misfit({ vramMiBPerGpu: 6000 }, { gpus: [...gpus, gpu()] })).toBeUndefined();
  });

  it('does not believe numbers that are none', () => {
    expect(misfit({ vramMiBPerGpu: 6000 }, { gpus: [gpu({ totalMiB: Number.NaN })] })?.reason).toBe(
      'VramCapacityTooSmall',
    );
    expect(misfit({ vramMiBPerGpu: 6000 }, { gpus: [gpu({ freeMiB: -5 })] })).toBeUndefined();
  });

  it('turns a lack of memory into a warning under `fit: Warn`, and nothing else', () => {
    const small = gpuNode('a', { gpus: [gpu({ totalMiB: 4096 })] });
    const sick = gpuNode('a', { gpus: [gpu({ totalMiB: 4096, healthy: false })] });
    const full = gpuNode('a', { gpus: [gpu({ freeMiB: 1024 })] });
    const wanted = requirement({ vramMiBPerGpu: 6000, fit: 'Warn' });

    expect(fitGpus(wanted, small)).toEqual({ misfit: undefined, warnings: ['needs 6000 MiB, has 4096 MiB'] });
    expect(fitGpus(wanted, full).warnings).toEqual(['needs 6000 MiB, 1024 MiB are free']);
    expect(fitGpus(wanted, sick).misfit?.reason).toBe('GpuUnhealthy');
  });

  it('never refuses for want of memory when the best GPUs have as much as is needed', () => {
    const card = fc.record({ totalMiB: fc.nat(50_000), freeMiB: fc.nat(50_000), healthy: fc.constant(true) });

    fc.assert(
      fc.property(
        fc.array(card, { minLength: 1, maxLength: 8 }),
        fc.nat(50_000),
        fc.integer({ min: 1, max: 8 }),
        (gpus, need, count) => {
          const { misfit: found } = fitGpus(requirement({ vramMiBPerGpu: need, gpus: count }), gpuNode('a', { gpus }));
          const enough = gpus.filter(({ totalMiB, freeMiB }) => need === 0 || (totalMiB >= need && freeMiB >= need));

          expect(found === undefined).toBe(enough.length >= count);
        },
      ),
    );
  });
});
