import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { asDeviceClass, formatDeviceClass } from '../api/device-class.ts';
import { formatRecordKey, parseRecordKey } from './keys.ts';

const hashes = fc.string({ unit: fc.constantFrom(...'0123456789abcdef'.split('')), minLength: 32, maxLength: 32 });
const classes = fc
  .string({ unit: fc.constantFrom(...'abzABZ019-_.'.split('')), minLength: 1, maxLength: 63 })
  .map(asDeviceClass)
  .filter((each) => each !== undefined);
const pairs = fc.record({ modelHash: hashes, deviceClass: classes });

describe('the key of a record', () => {
  it('joins hash and class, and reads back', () => {
    const deviceClass = formatDeviceClass({ kind: 'cpu', model: 'AMD EPYC 7763', level: 'v3', cores: 8 });

    const key = formatRecordKey({ modelHash: 'a'.repeat(32), deviceClass });

    expect(key).toBe(`${'a'.repeat(32)}.cpu.amd-epyc-7763.v3.8c`);
    expect(parseRecordKey(key)).toEqual({ modelHash: 'a'.repeat(32), deviceClass });
  });

  it('is valid in a ConfigMap and gives the pair back, whatever the pair', () => {
    fc.assert(
      fc.property(pairs, (pair) => {
        const key = formatRecordKey(pair);

        expect(key).toMatch(/^[-._a-zA-Z0-9]{1,253}$/);
        expect(parseRecordKey(key)).toEqual(pair);
      }),
    );
  });

  it('is never shared by two pairs', () => {
    fc.assert(
      fc.property(pairs, pairs, (a, b) => {
        const same = a.modelHash === b.modelHash && a.deviceClass === b.deviceClass;

        expect(formatRecordKey(a) === formatRecordKey(b)).toBe(same);
      }),
    );
  });

  it.each([
    ['nothing', ''],
    ['a hash alone', 'a'.repeat(32)],
    ['an empty class', `${'a'.repeat(32)}.`],
    ['a short hash', 'abc.cpu.x.v3.2c'],
    ['capitals in the hash', `${'A'.repeat(32)}.cpu.x.v3.2c`],
    ['a class that is no label value', `${'a'.repeat(32)}.-x`],
    ['a class that is too long', `${'a'.repeat(32)}.${'x'.repeat(64)}`],
    ['a line break', `${'a'.repeat(32)}.cpu\n`],
  ])('is not %s', (_, key) => {
    expect(parseRecordKey(key)).toBeUndefined();
  });
});
