import { describe, expect, it } from 'vitest';
import { A10, EPYC_8, H100, ODD, T4 } from '../testing/classes.ts';
import { rooflineRate } from './roofline-rate.ts';

const NONE = new Map<typeof A10, number>();

describe('rooflineRate', () => {
  it('divides what an engine reaches of the bandwidth by the bytes of a token', () => {
    expect(rooflineRate(A10, NONE, 6e9)).toBeCloseTo(60);
  });

  it('expects more of more bandwidth', () => {
    const [slow = 0, middle = 0, fast = 0] = [EPYC_8, T4, H100].map((name) => rooflineRate(name, NONE, 6e9));

    expect(slow).toBeGreaterThan(0);
    expect(slow).toBeLessThan(middle);
    expect(middle).toBeLessThan(fast);
  });

  it('goes by measurements on devices of the same kind when there are some', () => {
    expect(rooflineRate(A10, new Map([[T4, 32]]), 1)).toBeCloseTo(60);
    expect(rooflineRate(A10, new Map([[T4, 32]]), undefined)).toBeCloseTo(60);
  });

  it('does not conclude from a CPU on a GPU', () => {
    expect(rooflineRate(A10, new Map([[EPYC_8, 32]]), 6e9)).toBe(rooflineRate(A10, NONE, 6e9));
  });

  it('knows nothing of a product that no table lists, or without a size', () => {
    expect(rooflineRate(ODD, new Map([[T4, 32]]), 6e9)).toBeUndefined();
    expect(rooflineRate(A10, NONE, undefined)).toBeUndefined();
    expect(rooflineRate(A10, NONE, 0)).toBeUndefined();
  });
});
