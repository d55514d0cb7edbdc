import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { normalizeWeights, weightsProblem } from './weights.ts';

describe('weights', () => {
  it.each([
    [{ tps: 0, util: 0, cost: 0 }, /all zero/],
    [{ tps: Number.NaN, util: 0, cost: 0 }, /tps is NaN/],
    [{ tps: 1, util: Number.POSITIVE_INFINITY, cost: 0 }, /util is Infinity/],
    [{ tps: 1, util: 0, cost: -0.1 }, /cost is -0.1, which is negative/],
  ])('objects to %o', (weights, problem) => {
    expect(weightsProblem(weights)).toMatch(problem);
    expect(() => normalizeWeights(weights)).toThrow(problem);
  });

  it('takes a single weight', () => {
    expect(weightsProblem({ tps: 0, util: 0, cost: 1 })).toBeUndefined();
    expect(normalizeWeights({ tps: 0, util: 0, cost: 3 })).toEqual({ tps: 0, util: 0, cost: 1 });
  });

  it('means the same by 7, 2, 1 as by 0.7, 0.2, 0.1', () => {
    const { tps, util, cost } = normalizeWeights({ tps: 7, util: 2, cost: 1 });

    expect(tps).toBeCloseTo(0.7);
    expect(util).toBeCloseTo(0.2);
    expect(cost).toBeCloseTo(0.1);
  });

  it('gives a sum of 1 for whatever finite weights, the greatest included', () => {
    const weight = fc.double({ min: 0, max: Number.MAX_VALUE, noNaN: true });

    fc.assert(
      fc.property(weight, weight, weight, (tps, util, cost) => {
        fc.pre(tps + util + cost > 0);

        const normal = normalizeWeights({ tps, util, cost });

        expect(normal.tps + normal.util + normal.cost).toBeCloseTo(1, 9);
      }),
    );
  });
});
