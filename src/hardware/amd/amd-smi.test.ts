import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { amdSmiFacts } from './amd-smi.ts';

const name = (document: unknown): string | undefined => amdSmiFacts(document).get('0000:05:00.0')?.product;
const gpu = { gpu: 0, asic: { market_name: 'AMD Instinct MI300X', vendor_id: '0x1002' }, bus: { bdf: '0000:05:00.0' } };

describe('amdSmiFacts', () => {
  it.each([
    ['a bare list', [gpu]],
    ['a wrapped list', { gpu_data: [gpu] }],
    ['capital keys', [{ GPU: 0, ASIC: { MARKET_NAME: 'AMD Instinct MI300X' }, BUS: { BDF: '0000:05:00.0' } }]],
  ])('reads %s', (_, document) => {
    expect(name(document)).toBe('AMD Instinct MI300X');
  });

  it.each([
    ['a section without a value', [{ ...gpu, asic: 'N/A' }]],
    ['a name without a value', [{ ...gpu, asic: { market_name: 'N/A' } }]],
    ['a failure', { error: 'driver not loaded', code: -4 }],
    ['a list of nothing', [null, 1, 'N/A']],
  ])('finds no name in %s', (_, document) => {
    expect(name(document)).toBeUndefined();
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(name(value) ?? name({ gpu_data: [value] })).toBeUndefined();
      }),
    );
  });

  it.each([
    [{ value: 65_520, unit: 'MB' }, 65_520],
    [{ value: 24, unit: 'GB' }, 24_576],
    [{ value: 25_753_026_560, unit: 'B' }, 24_560],
    [{ value: 5, unit: 'pages' }, undefined],
    [{ value: 0, unit: 'MB' }, undefined],
    [{ value: '65520', unit: 'MB' }, undefined],
    ['N/A', undefined],
  ])('reads a memory of %j', (size, mebibytes) => {
    expect(amdSmiFacts([{ ...gpu, vram: { size } }]).get('0000:05:00.0')?.vramMiB).toBe(mebibytes);
  });
});
