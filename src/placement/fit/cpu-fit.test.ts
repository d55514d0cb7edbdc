import { describe, expect, it } from 'vitest';
import { cpuNode, gpuNode, requirement } from '../testing/fleet.ts';
import { fitCpu } from './cpu-fit.ts';

describe('fitCpu', () => {
  it('takes a node that offers its CPU', () => {
    expect(fitCpu(requirement({ cpuMemoryMiB: 8000 }), cpuNode('a'))).toEqual({ misfit: undefined, warnings: [] });
  });

  it('refuses a node that does not', () => {
    expect(fitCpu(requirement(), gpuNode('a')).misfit?.reason).toBe('CpuNotAllowed');
  });

  it('compares host memory, and says so in the words of GPUs', () => {
    const wanted = requirement({ cpuMemoryMiB: 31_000 });

    expect(fitCpu(wanted, cpuNode('a', { cpuTotalMiB: 16_384 })).misfit).toEqual({
      reason: 'VramCapacityTooSmall',
      detail: 'needs 31000 MiB, has 16384 MiB',
    });
    expect(fitCpu(wanted, cpuNode('a')).misfit).toEqual({
      reason: 'VramFreeTooSmall',
      detail: 'needs 31000 MiB, 30000 MiB are free',
    });
  });

  it('refuses unknown memory where some is demanded, but not unknown free memory', () => {
    const { cpuTotalMiB: _total, cpuFreeMiB: _free, ...bare } = cpuNode('a');

    expect(fitCpu(requirement({ cpuMemoryMiB: 1 }), bare).misfit?.detail).toBe('needs 1 MiB, its memory is unknown');
    expect(fitCpu(requirement({ cpuMemoryMiB: 1 }), { ...bare, cpuTotalMiB: 2 }).misfit).toBeUndefined();
    expect(fitCpu(requirement(), bare).misfit).toBeUndefined();
  });

  it('is no place for a model that names GPUs, unless it is asked for by name', () => {
    const picky = { vendors: ['NVIDIA'], architectures: ['sm_90'] } as const;

    expect(fitCpu(requirement(picky), cpuNode('a')).misfit).toEqual({
      reason: 'CpuNotAllowed',
      detail: 'needs a GPU of NVIDIA or sm_90',
    });
    expect(fitCpu(requirement({ ...picky, accelerator: 'CPU' }), cpuNode('a')).misfit).toBeUndefined();
  });

  it('has no 4-bit kernels for engines that need them', () => {
    expect(fitCpu(requirement({ int4: true }), cpuNode('a')).misfit?.reason).toBe('Int4Unsupported');
  });

  it('warns under `fit: Warn`', () => {
    const wanted = requirement({ cpuMemoryMiB: 40_000, fit: 'Warn' });

    expect(fitCpu(wanted, cpuNode('a'))).toEqual({
      misfit: undefined,
      warnings: ['needs 40000 MiB, has 32768 MiB'],
    });
  });
});
