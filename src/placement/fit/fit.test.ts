import { describe, expect, it } from 'vitest';
import { A10, EPYC_8 } from '../testing/classes.ts';
import { cpuNode, gpu, gpuNode, requirement } from '../testing/fleet.ts';
import { fitNode } from './fit.ts';

/** A node with a GPU and a CPU on offer. */
const both = { ...cpuNode('both'), ...gpuNode('both') };
const needs = { vramMiBPerGpu: 6000, cpuMemoryMiB: 6000 } as const;

describe('fitNode', () => {
  it('chooses the GPU of a node that has both', () => {
    expect(fitNode(requirement(needs), both)).toEqual({ fits: true, on: 'gpu', deviceClass: A10, warnings: [] });
  });

  it('chooses the CPU when that is asked for', () => {
    expect(fitNode(requirement({ ...needs, accelerator: 'CPU' }), both)).toMatchObject({
      on: 'cpu',
      deviceClass: EPYC_8,
    });
  });

  it('falls back to the CPU when the GPU is too small or busy', () => {
    const small = { ...both, gpus: [gpu({ totalMiB: 4096 })] };

    expect(fitNode(requirement(needs), small)).toMatchObject({ fits: true, on: 'cpu' });
    expect(fitNode(requirement({ ...needs, accelerator: 'GPU' }), small)).toEqual({
      fits: false,
      reason: 'VramCapacityTooSmall',
      detail: 'needs 6000 MiB, has 4096 MiB',
    });
  });

  it('prefers a CPU on which the model fits to a GPU on which it is only let pass', () => {
    const small = { ...both, gpus: [gpu({ totalMiB: 4096 })] };
    const wanted = requirement({ ...needs, fit: 'Warn' });

    expect(fitNode(wanted, small)).toMatchObject({ on: 'cpu', warnings: [] });
    expect(fitNode(wanted, { ...small, cpuTotalMiB: 1024 })).toMatchObject({
      on: 'gpu',
      warnings: ['needs 6000 MiB, has 4096 MiB'],
    });
  });

  it('names what is wrong with the GPU where there is one, else what is wrong with the CPU', () => {
    const wanted = requirement({ vramMiBPerGpu: 99_999, cpuMemoryMiB: 99_999 });

    expect(fitNode(wanted, both)).toMatchObject({ detail: 'needs 99999 MiB, has 22731 MiB' });
    expect(fitNode(wanted, cpuNode('a'))).toMatchObject({ detail: 'needs 99999 MiB, has 32768 MiB' });
  });

  it('says NoGpu to a model that needs one, and to a node with nothing on offer', () => {
    expect(fitNode(requirement({ accelerator: 'GPU' }), cpuNode('a'))).toMatchObject({ reason: 'NoGpu' });
    expect(fitNode(requirement(), { name: 'a', gpus: [] })).toMatchObject({ reason: 'NoGpu' });
    expect(fitNode(requirement({ accelerator: 'CPU' }), gpuNode('a'))).toMatchObject({ reason: 'CpuNotAllowed' });
  });

  it('tries the CPU when a rule refuses the class of the GPU', () => {
    const rule = (name: unknown) => (name === A10 ? ({ reason: 'SpeedUnknown', detail: 'x' } as const) : undefined);

    expect(fitNode(requirement(needs), both, rule)).toMatchObject({ fits: true, on: 'cpu' });
    expect(fitNode(requirement(needs), gpuNode('a'), rule)).toEqual({
      fits: false,
      reason: 'SpeedUnknown',
      detail: 'x',
    });
  });
});
