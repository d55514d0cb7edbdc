import { describe, expect, it } from 'vitest';
import { ARCHITECTURES } from './kernels.data.ts';
import { architectureSupport, kernelsOf } from './kernels.ts';

describe('the table of architectures', () => {
  it('has one row per architecture, each with a source', () => {
    expect(new Set(ARCHITECTURES.map((row) => row.arch)).size).toBe(ARCHITECTURES.length);
    expect(ARCHITECTURES.filter((row) => row.source.trim() === '')).toEqual([]);
  });

  it('calls INT4 only what has kernels in both families', () => {
    for (const row of ARCHITECTURES) {
      const both = row.kernels.includes('gguf') && (row.kernels.includes('gptq') || row.kernels.includes('awq'));

      expect(row.int4 && !both).toBe(false);
    }
  });
});

describe('architectureSupport', () => {
  it.each([
    ['sm_61', false],
    ['sm_70', false],
    ['sm_75', true],
    ['sm_80', true],
    ['sm_89', true],
    ['sm_90', true],
    ['sm_121', true],
    ['gfx900', false],
    ['gfx906', false],
    ['gfx908', false],
    ['gfx90a', true],
    ['gfx942', true],
    ['gfx1010', false],
    ['gfx1030', false],
    ['gfx1100', true],
    ['gfx1151', true],
    ['gfx1201', true],
  ])('%s: INT4 %s', (arch, int4) => {
    expect(architectureSupport(arch)?.int4).toBe(int4);
  });

  it('runs GGUF even where there is no INT4', () => {
    expect(kernelsOf('sm_61')).toEqual(['gguf']);
    expect(kernelsOf('gfx1030')).toEqual(['gguf']);
  });

  it('has BF16 from Ampere and FP8 from Ada', () => {
    expect(architectureSupport('sm_75')).toMatchObject({ bf16: false, fp8: false });
    expect(architectureSupport('sm_86')).toMatchObject({ bf16: true, fp8: false });
    expect(architectureSupport('sm_89')).toMatchObject({ bf16: true, fp8: true });
  });

  it('takes a newer NVIDIA card for at least as able as its forerunners', () => {
    expect(architectureSupport('sm_130')).toMatchObject({ int4: true, bf16: true, fp8: true });
    expect(architectureSupport('sm_88')).toMatchObject({ int4: true, bf16: true, fp8: false });
    expect(architectureSupport('sm_90a')).toMatchObject({ int4: true });
  });

  it.each(['sm_52', 'sm_', 'gfx1250', 'gfx', ''])('does not guess about %j', (arch) => {
    expect(architectureSupport(arch)).toBeUndefined();
    expect(kernelsOf(arch)).toBeUndefined();
  });

  it('lets a row given by the operator win', () => {
    const row = {
      arch: 'gfx1250',
      kernels: ['gguf'],
      int4: false,
      bf16: true,
      fp8: true,
      source: 'measured here',
    } as const;

    expect(architectureSupport('gfx1250', [row])).toEqual(row);
  });
});
