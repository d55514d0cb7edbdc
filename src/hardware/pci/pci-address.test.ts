import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { comparePciAddresses, normalizePciAddress } from './pci-address.ts';

describe('normalizePciAddress', () => {
  it.each([
    ['00000000:0C:00.0', '0000:0c:00.0'],
    ['0000:0c:00.0', '0000:0c:00.0'],
    ['0000000F:01:00.0', '000f:01:00.0'],
    ['00010000:E1:00.0', '10000:e1:00.0'],
    ['3B:00.0', '0000:3b:00.0'],
  ])('spells %s as %s', (text, address) => {
    expect(normalizePciAddress(text)).toBe(address);
  });

  it.each(['', '[N/A]', '0000:0c:00', '0000:0c:00.8', 'card0', '0000:0cc:00.0'])('refuses %j', (text) => {
    expect(normalizePciAddress(text)).toBeUndefined();
  });

  it('changes nothing the second time', () => {
    const hex = (max: number, width: number): fc.Arbitrary<string> =>
      fc.nat({ max }).map((value) => value.toString(16).padStart(width, '0'));
    fc.assert(
      fc.property(hex(0xffff_ffff, 8), hex(0xff, 2), hex(0x1f, 2), fc.nat({ max: 7 }), (domain, bus, device, fn) => {
        const once = normalizePciAddress(`${domain}:${bus}:${device}.${fn}`.toUpperCase()) ?? '';

        expect(normalizePciAddress(once)).toBe(once);
      }),
    );
  });
});

describe('comparePciAddresses', () => {
  it('orders by domain, bus, device and function', () => {
    const ordered = ['0000:03:00.0', '0000:03:00.1', '0000:0a:00.0', '000f:01:00.0', '10000:01:00.0'];

    expect([...ordered].reverse().sort(comparePciAddresses)).toEqual(ordered);
  });
});
