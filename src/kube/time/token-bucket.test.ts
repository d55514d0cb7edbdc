import { describe, expect, it } from 'vitest';
import { ManualClock } from './manual-clock.fake.ts';
import { TokenBucket } from './token-bucket.ts';

const never = new AbortController().signal;

describe('TokenBucket', () => {
  it('gives the burst at once and the rest at its rate, in the order of asking', async () => {
    const clock = new ManualClock();
    const bucket = new TokenBucket({ perSecond: 10, burst: 2 }, clock);
    const served: number[] = [];
    const ask = (who: number) => bucket.take(never).then(() => served.push(who));

    const all = [1, 2, 3, 4].map(ask);
    await clock.advance(0);
    expect(served).toEqual([1, 2]);
    await clock.advance(100);
    expect(served).toEqual([1, 2, 3]);
    await clock.advance(100);

    await Promise.all(all);
    expect(served).toEqual([1, 2, 3, 4]);
  });

  it('takes back the token of a wait that was given up', async () => {
    const clock = new ManualClock();
    const bucket = new TokenBucket({ perSecond: 1, burst: 1 }, clock);
    bucket.reserve();
    const stop = new AbortController();
    const waiting = bucket.take(stop.signal);

    stop.abort(new Error('gone'));

    await expect(waiting).rejects.toThrow('gone');
    expect(bucket.reserve()).toBe(1_000);
  });

  it('says whether a token is there without waiting', async () => {
    const clock = new ManualClock();
    const bucket = new TokenBucket({ perSecond: 1, burst: 1 }, clock);

    expect([bucket.tryTake(), bucket.tryTake()]).toEqual([true, false]);
    await clock.advance(1_000);
    expect(bucket.tryTake()).toBe(true);
  });

  it('refuses a rate that would never give a token', () => {
    for (const options of [
      { perSecond: 0, burst: 1 },
      { perSecond: 1, burst: 0 },
      { perSecond: Number.NaN, burst: 1 },
    ]) {
      expect(() => new TokenBucket(options, new ManualClock())).toThrow(RangeError);
    }
  });
});
