import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Backoff, WATCH_BACKOFF } from './backoff.ts';
import { ManualClock } from './manual-clock.fake.ts';

describe('Backoff', () => {
  it('doubles from 0.8 s to 30 s and stays there', () => {
    const backoff = new Backoff(WATCH_BACKOFF, new ManualClock(), () => 0);

    const delays = Array.from({ length: 8 }, () => backoff.next());

    expect(delays).toEqual([800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000]);
  });

  it('adds at most its jitter, and never shrinks without it', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 1, maxLength: 20 }),
        (rolls) => {
          const clock = new ManualClock();
          const steady = new Backoff(WATCH_BACKOFF, clock, () => 0);
          let roll = 0;
          const jittered = new Backoff(WATCH_BACKOFF, clock, () => rolls[roll++ % rolls.length] ?? 0);

          let before = 0;
          for (let failure = 0; failure < 12; failure += 1) {
            const plain = steady.next();
            const delay = jittered.next();
            expect(plain).toBeGreaterThanOrEqual(before);
            expect(delay).toBeGreaterThanOrEqual(plain);
            expect(delay).toBeLessThan(2 * plain);
            before = plain;
          }
        },
      ),
    );
  });

  it('begins anew after two minutes without a failure, or when told to', async () => {
    const clock = new ManualClock();
    const backoff = new Backoff(WATCH_BACKOFF, clock, () => 0);
    backoff.next();
    backoff.next();

    await clock.advance(124_000);
    const afterHealth = backoff.next();
    backoff.next();
    backoff.reset();

    expect(afterHealth).toBe(800);
    expect(backoff.next()).toBe(800);
  });
});
