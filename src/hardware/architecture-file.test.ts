import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseArchitectures } from './architecture-file.ts';

const ROW = { arch: 'gfx1250', kernels: ['gguf'], int4: false, bf16: true, fp8: true, source: 'measured here' };

describe('parseArchitectures', () => {
  it('reads rows', () => {
    expect(parseArchitectures(JSON.stringify([ROW]))).toEqual([ROW]);
    expect(parseArchitectures('[]')).toEqual([]);
  });

  it.each([
    [{ ...ROW, arch: 'pascal' }, /row 1: arch is no architecture/],
    [{ ...ROW, kernels: ['cuda'] }, /row 1: kernels is no list of gguf/],
    [{ ...ROW, int4: 'yes' }, /row 1: int4 is neither true nor false/],
    [{ ...ROW, source: ' ' }, /row 1: source is missing/],
    ['x', /row 1 is no JSON object/],
  ])('refuses %j', (row, message) => {
    expect(() => parseArchitectures(JSON.stringify([row]))).toThrow(message);
  });

  it('throws nothing but what it promises', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(['rows', 'SyntaxError', 'TypeError']).toContain(outcome(text));
      }),
    );
  });
});

function outcome(text: string): string {
  try {
    parseArchitectures(text);
    return 'rows';
  } catch (error) {
    return error instanceof Error ? error.name : String(error);
  }
}
