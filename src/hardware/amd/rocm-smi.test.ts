import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rocmSmiFacts } from './rocm-smi.ts';

const names = (document: unknown): unknown =>
  Object.fromEntries([...rocmSmiFacts(document)].map(([address, facts]) => [address, facts.product]));

describe('rocmSmiFacts', () => {
  it('reads the names of releases 5 and 6, whose keys differ in case', () => {
    const document = {
      card0: { 'PCI Bus': '0000:03:00.0', 'Card series': 'AMD Radeon RX 6700 XT', 'Card model': '0xe445' },
      card1: { 'PCI Bus': '0000:43:00.0', 'Card Series': 'AMD Instinct MI100', 'GFX Version': 'gfx908' },
    };

    expect(names(document)).toEqual({ '0000:03:00.0': 'AMD Radeon RX 6700 XT', '0000:43:00.0': 'AMD Instinct MI100' });
  });

  it('goes on to the next key when one names nothing', () => {
    const card = { 'PCI Bus': '0000:C6:00.0', 'Card Series': 'N/A (Secondary die)', 'Device Name': 'Aldebaran' };

    expect(names({ card2: card })).toEqual({ '0000:c6:00.0': 'Aldebaran' });
  });

  it('ignores processes, and cards without a name or an address', () => {
    const document = {
      system: { PID4242: 'python3, 1, 1002, 0, unknown' },
      card0: { 'PCI Bus': '0000:03:00.0', 'Card Series': 'N/A' },
      card1: { 'Card Series': 'AMD Radeon' },
      card2: { 'PCI Bus': '0000:05:00.0', 'Card Series': '0x744c' },
      card3: 'N/A',
    };

    expect(names(document)).toEqual({});
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(rocmSmiFacts({ card0: value }).size).toBe(0);
      }),
    );
  });
});
