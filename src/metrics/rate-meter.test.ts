import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RateMeter } from './rate-meter.ts';

/** Samples every 5 s, starting at 0. */
function fed(values: readonly (number | undefined)[], startedAt: readonly (number | undefined)[] = []): RateMeter {
  const meter = new RateMeter();
  values.forEach((value, index) => meter.sample(index * 5_000, value, startedAt[index]));
  return meter;
}

/** A counter that grows by `step` with each of `count` samples. */
function growing(count: number, step: number, from = 0): number[] {
  return Array.from({ length: count }, (_, index) => from + index * step);
}

describe('the rate meter', () => {
  it('averages the growth of a counter over the time it took', () => {
    const meter = fed(growing(13, 50));

    expect(meter.rate(60_000)).toBe(10);
  });

  it('is unknown before the first sample and until half a minute is known', () => {
    expect(new RateMeter().rate(0)).toBeUndefined();
    expect(fed(growing(6, 50)).rate(25_000)).toBeUndefined();
    expect(fed(growing(7, 50)).rate(30_000)).toBe(10);
  });

  it('does not count what a counter held before it was first seen', () => {
    const meter = fed(growing(7, 0, 1_000_000));

    expect(meter.rate(30_000)).toBe(0);
  });

  it('forgets what is older than a minute', () => {
    const meter = fed([...growing(13, 500), ...growing(13, 0, 6_000)]);

    expect(meter.rate(125_000)).toBe(0);
  });

  it('counts what a restarted counter shows as made since the last sample', () => {
    const meter = fed([1000, 1050, 1100, 1150, 40, 90, 140]);

    expect(meter.rate(30_000)).toBeCloseTo((5 * 50 + 40) / 30);
    expect(meter.resets).toBe(1);
  });

  it('recognises a restart by the start time even when the counter grew', () => {
    const meter = fed([10, 10, 10, 10, 30, 30, 30], [1, 1, 1, 1, 2, 2, 2]);

    expect(meter.rate(30_000)).toBe(1);
    expect(meter.resets).toBe(1);
  });

  it.each([undefined, Number.NaN, -1, Number.POSITIVE_INFINITY])(
    'takes a sample of %s for a gap: neither tokens nor time across it count',
    (gap) => {
      const meter = fed([0, 50, 100, 150, gap, 5_000, 5_050, 5_100, 5_150]);

      expect(meter.rate(40_000)).toBe(10);
      expect(meter.resets).toBe(0);
    },
  );

  it('is unknown right after a gap, not zero', () => {
    const meter = fed([...growing(13, 50), undefined]);

    expect(meter.rate(65_000)).toBeUndefined();
  });

  it('becomes unknown when three samples are missed', () => {
    const meter = fed(growing(13, 50));

    expect(meter.rate(74_999)).toBe(10);
    expect(meter.rate(75_000)).toBeUndefined();
  });

  it('uses the measured time between samples, not the wanted one', () => {
    const meter = new RateMeter();
    meter.sample(0, 0);
    meter.sample(31_000, 310);

    expect(meter.rate(31_000)).toBe(10);
  });

  it('keeps the growth for later when the clock stands still or runs backwards', () => {
    const meter = new RateMeter();
    meter.sample(10_000, 0);
    meter.sample(10_000, 100);
    meter.sample(9_000, 200);
    meter.sample(50_000, 400);

    expect(meter.rate(50_000)).toBe(10);
  });

  it('spreads a late total over the time it was made in', () => {
    const meter = fed(growing(19, 0));

    meter.spread(0, 92_000, 920);
    meter.sample(95_000, 920);

    // 12 intervals are in the window: 11 with 10 tokens/s, and the last with the 2 s until the request ended.
    expect(meter.rate(95_000)).toBeCloseTo((11 * 50 + 20) / 60);
  });

  it('does not take tokens that are already spread for a restart', () => {
    const meter = fed(growing(8, 0));

    meter.spread(0, 35_000, 1 / 3);
    meter.sample(40_000, 1 / 3);

    expect(meter.resets).toBe(0);
    expect(meter.rate(40_000)).toBeCloseTo(1 / 3 / 40);
  });

  it('ignores a spread over no time, of nothing, or from the future', () => {
    const meter = fed(growing(8, 50));

    meter.spread(10_000, 10_000, 5);
    meter.spread(0, 10_000, 0);
    meter.spread(0, 10_000, Number.NaN);
    meter.spread(36_000, 37_000, 5);

    expect(meter.rate(35_000)).toBe(10);
  });

  it('is never below zero and never above the largest true rate, whatever happens to the counter', () => {
    const event = fc.record({
      afterMs: fc.integer({ min: 1, max: 20_000 }),
      tokens: fc.nat(10_000),
      fate: fc.constantFrom('seen', 'seen', 'seen', 'missed', 'NaN', 'restarted'),
      /** Which part of the tokens was made after a restart, in percent. */
      afterRestart: fc.nat(100),
    });

    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (events) => {
        const meter = new RateMeter();
        let now = 0;
        let counter = 0;
        let largest = 0;
        let unseenTokens = 0;
        let unseenMs = 0;
        meter.sample(now, counter);
        for (const { afterMs, tokens, fate, afterRestart } of events) {
          now += afterMs;
          unseenMs += afterMs;
          unseenTokens += tokens;
          counter = fate === 'restarted' ? Math.floor((tokens * afterRestart) / 100) : counter + tokens;
          if (fate === 'NaN') meter.sample(now, Number.NaN);
          if (fate === 'seen' || fate === 'restarted') {
            meter.sample(now, counter);
            largest = Math.max(largest, (unseenTokens * 1000) / unseenMs);
            unseenTokens = 0;
            unseenMs = 0;
          }
          const rate = meter.rate(now);
          if (rate === undefined) continue;
          expect(rate).toBeGreaterThanOrEqual(0);
          expect(rate).toBeLessThanOrEqual(largest * (1 + 1e-9));
        }
      }),
    );
  });
});
