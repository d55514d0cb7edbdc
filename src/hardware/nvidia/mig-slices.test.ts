import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { h100Capture } from '../testing/captures.ts';
import { parseMigSlices } from './mig-slices.ts';

const slice = (memory: string): string =>
  `<mig_device><ecc_error_count/><fb_memory_usage><total>${memory}</total><used>1 MiB</used></fb_memory_usage>` +
  '<bar1_memory_usage><total>32767 MiB</total></bar1_memory_usage></mig_device>';

describe('parseMigSlices', () => {
  it('reads slices of different sizes and not the card', () => {
    const xml = `<gpu><mig_devices>${slice('40448 MiB')}${slice('9984 MiB')}</mig_devices>
      <fb_memory_usage><total>81559 MiB</total></fb_memory_usage></gpu>`;

    expect(parseMigSlices(xml)).toEqual([40_448, 9984]);
  });

  it('finds none on the captured card, which is whole', () => {
    expect(parseMigSlices(h100Capture('smi-q.xml'))).toEqual([]);
  });

  it('does not know the smallest when one slice does not tell', () => {
    expect(parseMigSlices(slice('40448 MiB') + slice('N/A'))).toBeUndefined();
  });

  it('never throws and gives positive whole numbers', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => {
        for (const size of parseMigSlices(a + slice(b) + a) ?? [])
          expect(size > 0 && Number.isInteger(size)).toBe(true);
      }),
    );
  });
});
