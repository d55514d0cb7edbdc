import { describe, expect, it } from 'vitest';
import { isEnough, isUnsettled } from './series.ts';

describe('isEnough', () => {
  const limits = { iterations: 5, maxMs: 300_000 };

  it('stops at M runs or N seconds, whichever comes first', () => {
    expect(isEnough(4, 299_999, limits)).toBe(false);
    expect(isEnough(5, 10, limits)).toBe(true);
    expect(isEnough(2, 300_000, limits)).toBe(true);
  });

  it('never stops before the first run', () => {
    expect(isEnough(0, 1e9, limits)).toBe(false);
    expect(isEnough(1, 0, { iterations: 5, maxMs: 0 })).toBe(true);
  });
});

describe('isUnsettled', () => {
  it.each([
    ['steady', [50, 50.2, 49.9, 50.1, 50], false],
    ['equal', [50, 50, 50], false],
    ['with one outlier', [50, 50, 20, 50, 50], false],
    ['scattered', [50, 40, 60, 45, 55], true],
    ['falling', [50, 49, 48, 47.5, 47], true],
    ['falling a little', [50, 49.9, 49.8, 49.7, 49.6], false],
    ['too few to tell', [50, 20], false],
  ])('a series that is %s', (_, rates, expected) => {
    expect(isUnsettled(rates)).toBe(expected);
  });
});
