import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDurationMs, parseQuantity, quantityToMiB } from './quantity.ts';

describe('parseQuantity', () => {
  it.each([
    ['6Gi', 6 * 2 ** 30],
    ['1.5Gi', 1.5 * 2 ** 30],
    ['2', 2],
    ['500m', 0.5],
    ['10G', 1e10],
  ])('reads %s', (text, expected) => {
    expect(parseQuantity(text)).toBeCloseTo(expected);
  });

  it.each(['', 'Gi', '6GB', '-1', '1e3', ' 6Gi', '6 Gi', 'NaN'])('refuses %j', (text) => {
    expect(parseQuantity(text)).toBeUndefined();
  });

  it('never understates a demand in MiB', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 40), (bytes) => {
        expect((quantityToMiB(String(bytes)) ?? -1) * 2 ** 20).toBeGreaterThanOrEqual(bytes);
      }),
    );
  });
});

describe('parseDurationMs', () => {
  it.each([
    ['300s', 300_000],
    ['10m', 600_000],
    ['1h30m', 5_400_000],
    ['250ms', 250],
    ['1.5s', 1500],
    ['0', 0],
  ])('reads %s', (text, expected) => {
    expect(parseDurationMs(text)).toBe(expected);
  });

  it.each(['', '5', '5 s', '-1s', '1d', 's', '1sm'])('refuses %j', (text) => {
    expect(parseDurationMs(text)).toBeUndefined();
  });
});
