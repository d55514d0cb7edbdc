import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareResourceVersions } from './resource-version.ts';

describe('compareResourceVersions', () => {
  it('orders versions as the whole numbers they are, however large', () => {
    const version = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
    fc.assert(
      fc.property(version, version, (a, b) => {
        const order = compareResourceVersions(String(a), String(b));

        expect(Math.sign(order ?? Number.NaN)).toBe(a < b ? -1 : a > b ? 1 : 0);
      }),
    );
  });

  it('does not judge what is no number', () => {
    expect(compareResourceVersions('a1', '2')).toBeUndefined();
    expect(compareResourceVersions('', '2')).toBeUndefined();
    expect(compareResourceVersions('01', '2')).toBeUndefined();
    expect(compareResourceVersions('x', 'x')).toBe(0);
  });
});
