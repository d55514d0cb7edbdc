import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../time/manual-clock.fake.ts';
import { defaultRateLimiter, exponentialLimiter } from './rate-limiter.ts';

describe('exponentialLimiter', () => {
  it('never shortens the wait of a key until the key is forgotten, and never exceeds its maximum', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a', 'b', 'forget a'), { maxLength: 200 }), (steps) => {
        const limiter = exponentialLimiter(5, 1_000_000);
        const last = new Map<string, number>();

        for (const step of steps) {
          if (step === 'forget a') {
            limiter.forget('a');
            last.delete('a');
            continue;
          }
          const delayMs = limiter.when(step);
          expect(delayMs).toBeGreaterThanOrEqual(last.get(step) ?? 5);
          expect(delayMs).toBeLessThanOrEqual(1_000_000);
          last.set(step, delayMs);
        }
      }),
    );
  });

  it('starts at 5 ms and doubles', () => {
    const limiter = exponentialLimiter(5, 1_000_000);

    expect([limiter.when('a'), limiter.when('a'), limiter.when('b'), limiter.when('a')]).toEqual([5, 10, 5, 20]);
    expect(limiter.failures('a')).toBe(3);
  });
});

describe('defaultRateLimiter', () => {
  it('slows all keys together down after a hundred failures', () => {
    const limiter = defaultRateLimiter(new ManualClock());

    const delays = Array.from({ length: 102 }, (_, index) => limiter.when(`key ${index}`));

    expect(delays[99]).toBe(5);
    expect(delays[100]).toBe(100);
    expect(delays[101]).toBe(200);
  });
});
