import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bareGfxName, gfxName, isApuArch } from './gfx-name.ts';

describe('gfxName', () => {
  it.each([
    [80_003, 'gfx803'],
    [90_006, 'gfx906'],
    [90_008, 'gfx908'],
    [90_010, 'gfx90a'],
    [90_012, 'gfx90c'],
    [90_402, 'gfx942'],
    [90_500, 'gfx950'],
    [100_300, 'gfx1030'],
    [110_000, 'gfx1100'],
    [110_501, 'gfx1151'],
    [120_001, 'gfx1201'],
    [0, undefined],
    [1, undefined],
    [4_294_967_295, undefined],
    [99_999, undefined],
    [90_006.5, undefined],
    [Number.NaN, undefined],
  ])('decodes %d', (value, name) => {
    expect(gfxName(value)).toBe(name);
  });

  it('gives a name that other tools could have written, or none', () => {
    fc.assert(
      fc.property(fc.integer(), (value) => {
        const name = gfxName(value);

        expect(name === undefined || bareGfxName(name) === name).toBe(true);
      }),
    );
  });
});

describe('bareGfxName', () => {
  it.each([
    ['gfx90a:sramecc+:xnack-', 'gfx90a'],
    ['GFX1100', 'gfx1100'],
    ['gfx', undefined],
    ['N/A', undefined],
  ])('takes the features off %s', (text, name) => {
    expect(bareGfxName(text)).toBe(name);
  });
});

describe('isApuArch', () => {
  it('knows what exists only within a processor', () => {
    expect(isApuArch('gfx1151')).toBe(true);
    expect(isApuArch('gfx1100')).toBe(false);
    expect(isApuArch(undefined)).toBe(false);
  });
});
