import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { asDeviceClass, classWord, formatDeviceClass, parseDeviceClass } from './device-class.ts';

const labelValue = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;

describe('formatDeviceClass', () => {
  it('names an NVIDIA card as the contract does', () => {
    const parts = { kind: 'gpu', vendor: 'nvidia', product: 'H100 80GB HBM3', arch: 'sm_90', vramGiB: 79.6 } as const;

    expect(formatDeviceClass(parts)).toBe('nvidia.h100-80gb-hbm3.sm_90.79g');
  });

  it('names a CPU by model, level and allocatable cores', () => {
    expect(formatDeviceClass({ kind: 'cpu', model: 'AMD EPYC 7763', level: 'v3', cores: 8 })).toBe(
      'cpu.amd-epyc-7763.v3.8c',
    );
  });

  it('gives a valid label value that reads back, whatever the product is called', () => {
    fc.assert(
      fc.property(
        fc.string({ maxLength: 200, unit: 'grapheme' }),
        fc.integer({ min: 1, max: 2000 }),
        (product, vramGiB) => {
          const text = formatDeviceClass({ kind: 'gpu', vendor: 'amd', product, arch: 'gfx1100', vramGiB });

          expect(text).toMatch(labelValue);
          expect(parseDeviceClass(text)).toMatchObject({ kind: 'gpu', vendor: 'amd', arch: 'gfx1100', vramGiB });
        },
      ),
    );
  });
});

describe('parseDeviceClass', () => {
  it.each([
    '',
    'nvidia',
    'intel.arc.xe.8g',
    'nvidia.h100.sm_90.79',
    'cpu.epyc.v3.c',
    'cpu..v3.8c',
    'nvidia.H100.sm_90.79g',
  ])('refuses %j', (text) => {
    expect(parseDeviceClass(text)).toBeUndefined();
  });
});

describe('a class chosen by a person', () => {
  it('may be any label value and nothing else', () => {
    expect(asDeviceClass('my-fast_cards.v2')).toBe('my-fast_cards.v2');
    expect(asDeviceClass('two words')).toBeUndefined();
    expect(asDeviceClass('x'.repeat(64))).toBeUndefined();
  });
});

describe('classWord', () => {
  it('drops trade marks and joins words', () => {
    expect(classWord('Intel(R) Xeon(R) Gold 6338 CPU @ 2.00GHz')).toBe('intel-xeon-gold-6338-cpu-2-00ghz');
  });
});
