import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { h100Capture } from '../testing/captures.ts';
import { parseMemInfo } from './meminfo.ts';

describe('parseMemInfo', () => {
  it('reads a captured machine', () => {
    expect(parseMemInfo(h100Capture('meminfo.txt'))).toEqual({ totalKiB: 131_981_020, availableKiB: 131_466_804 });
  });

  it('adds up what old kernels do not', () => {
    const text = 'MemTotal: 1000 kB\nMemFree: 100 kB\nBuffers: 20 kB\nCached: 300 kB\n';

    expect(parseMemInfo(text)).toEqual({ totalKiB: 1000, availableKiB: 420 });
  });

  it.each(['', 'MemTotal: lots kB\n', 'MemTotal: 0 kB\n', 'MemTotal 5 kB\n'])('knows no total from %j', (text) => {
    expect(parseMemInfo(text)).toEqual({});
  });

  it('never throws and never gives what is no number', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => {
        for (const value of Object.values(parseMemInfo(`MemTotal: ${a}\nMemFree:   ${b} kB\n`))) {
          expect(Number.isSafeInteger(value)).toBe(true);
        }
      }),
    );
  });
});
