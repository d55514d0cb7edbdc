import { describe, expect, it } from 'vitest';
import { sleep, systemClock } from './clock.ts';
import { ManualClock } from './manual-clock.fake.ts';

const never = new AbortController().signal;

describe('sleep', () => {
  it('resolves when the time has passed, and leaves no timer', async () => {
    const clock = new ManualClock();
    let awake = false;
    const nap = async () => {
      await sleep(clock, 1_000, never);
      awake = true;
    };
    const sleeping = nap();

    await clock.advance(999);
    expect(awake).toBe(false);
    await clock.advance(1);

    await sleeping;
    expect(clock.waiting).toBe(0);
  });

  it('rejects with the reason of an aborted signal, and leaves no timer', async () => {
    const clock = new ManualClock();
    const stop = new AbortController();
    const sleeping = sleep(clock, 1_000, stop.signal);

    stop.abort(new Error('enough'));

    await expect(sleeping).rejects.toThrow('enough');
    await expect(sleep(clock, 1, stop.signal)).rejects.toThrow('enough');
    expect(clock.waiting).toBe(0);
  });
});

describe('the system clock', () => {
  it('does not fire a timer at once whose delay is beyond what Node takes', async () => {
    let fired = false;
    const cancel = systemClock.after(2 ** 40, () => {
      fired = true;
    });

    await new Promise((resolve) => setImmediate(resolve));
    cancel();

    expect(fired).toBe(false);
  });
});
