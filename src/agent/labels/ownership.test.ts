import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatOwnedKeys, isOwnable, parseOwnedKeys } from './ownership.ts';

describe('the list of owned keys', () => {
  it('reads back what was written, in an order that never changes', () => {
    const keys = ['flexinfer.ai/gpu.vendor', 'flexinfer.ai/cpu.avx512'];

    expect(formatOwnedKeys(keys)).toBe('flexinfer.ai/cpu.avx512,flexinfer.ai/gpu.vendor');
    expect(parseOwnedKeys(formatOwnedKeys(keys))).toEqual(new Set(keys));
    expect(parseOwnedKeys('')).toEqual(new Set());
  });

  it.each([undefined, '{"a":1}', 'nonsense', 'x'.repeat(300_000)])('59: is none when it reads %.20j', (text) => {
    expect(parseOwnedKeys(text)).toBeUndefined();
  });

  it('59: never yields a key that no agent would write', () => {
    const text =
      'kubernetes.io/hostname,kubernetes.io/gpu.vendor,nvidia.com/gpu.product,example.com/rack,gpu.vendor,x/gpu.vendor';

    expect(parseOwnedKeys(text)).toEqual(new Set(['x/gpu.vendor']));
  });

  it('59: reads any text without throwing, and only ownable keys from it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        expect([...(parseOwnedKeys(text) ?? [])].filter((key) => !isOwnable(key))).toEqual([]);
      }),
    );
  });
});
