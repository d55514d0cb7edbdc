import { describe, expect, it } from 'vitest';
import { floorMisfit } from './floor.ts';

describe('floorMisfit', () => {
  it('asks nothing without a floor', () => {
    expect(floorMisfit(undefined, { source: 'neutral' })).toBeUndefined();
  });

  it('compares the lower bound, not the median', () => {
    const speed = { source: 'measured', tokensPerSecond: 21, low: 19, samples: 5 } as const;

    expect(floorMisfit(19, speed)).toBeUndefined();
    expect(floorMisfit(20, speed)).toEqual({
      reason: 'SpeedFloorUnmet',
      detail: 'needs 20 tokens/s, has at least 19.0',
    });
  });

  it.each(['scaled', 'ratio', 'roofline', 'neutral'] as const)('lets no %s rate pass', (source) => {
    expect(floorMisfit(1, { source, tokensPerSecond: 500 })?.reason).toBe('SpeedUnknown');
  });

  it('takes a measurement without a bound for no proof', () => {
    expect(floorMisfit(1, { source: 'measured', tokensPerSecond: 500, samples: 2 })).toEqual({
      reason: 'SpeedUnknown',
      detail: 'needs 1 tokens/s, 2 samples prove no lower bound',
    });
  });
});
