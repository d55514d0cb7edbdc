import { describe, expect, it } from 'vitest';
import { hasAvx512, x86Level } from './x86-level.ts';

const V2 = 'cx16 lahf_lm popcnt pni sse4_1 sse4_2 ssse3';
const V3 = `${V2} avx avx2 bmi1 bmi2 f16c fma abm movbe xsave`;
const V4 = `${V3} avx512f avx512bw avx512cd avx512dq avx512vl`;
const flags = (text: string): ReadonlySet<string> => new Set(text.split(' '));

describe('x86Level', () => {
  it.each([
    ['v1', 'fpu lm'],
    ['v2', V2],
    ['v3', V3],
    ['v4', V4],
  ])('is %s for exactly the flags that level asks for', (level, text) => {
    expect(x86Level(flags(text))).toBe(level);
  });

  it('does not skip a level whose flags are incomplete', () => {
    const withoutMovbe = flags(V4.replace(' movbe', ''));

    expect(x86Level(withoutMovbe)).toBe('v2');
    expect(hasAvx512(withoutMovbe)).toBe(true);
  });
});

describe('hasAvx512', () => {
  it('wants all five subsets', () => {
    expect(hasAvx512(flags(V4))).toBe(true);
    expect(hasAvx512(flags(V4.replace(' avx512vl', '')))).toBe(false);
  });
});
