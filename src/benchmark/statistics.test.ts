import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { interval, median, medianAbsoluteDeviation, spread } from './statistics.ts';

const rates = fc.array(fc.double({ min: 0.01, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 30 });

describe('median', () => {
  it.each([
    [[5], 5],
    [[3, 1, 2], 2],
    [[4, 1, 3, 2], 2.5],
  ])('of %j is %s', (values, expected) => {
    expect(median(values)).toBe(expected);
  });

  it('does not depend on the order and lies between the extremes', () => {
    fc.assert(
      fc.property(rates, (values) => {
        const { median: middle, min, max } = spread(values);

        expect(median(values.toReversed())).toBe(middle);
        expect(middle).toBeGreaterThanOrEqual(min);
        expect(middle).toBeLessThanOrEqual(max);
      }),
    );
  });

  it('of nothing is refused', () => {
    expect(() => median([])).toThrow(RangeError);
  });
});

describe('medianAbsoluteDeviation', () => {
  it('ignores one outlier', () => {
    expect(medianAbsoluteDeviation([10, 10.1, 9.9, 10, 50])).toBeCloseTo(0.1);
  });

  it('of equal values is zero, in any order never negative', () => {
    expect(medianAbsoluteDeviation([7, 7, 7])).toBe(0);
    fc.assert(
      fc.property(rates, (values) => {
        expect(medianAbsoluteDeviation(values)).toBeGreaterThanOrEqual(0);
        expect(medianAbsoluteDeviation(values.toReversed())).toBe(medianAbsoluteDeviation(values));
      }),
    );
  });
});

describe('interval', () => {
  it('is not claimed for fewer than three samples', () => {
    expect(interval([1, 2])).toBeUndefined();
    expect(interval([2, 1, 3])).toEqual({ low: 1, high: 3 });
  });
});
