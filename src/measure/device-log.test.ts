import { describe, expect, it } from 'vitest';
import { DeviceLog } from './device-log.ts';
import type { DeviceSample } from './device-watch.ts';

const idle: DeviceSample = { memoryUsedMiB: 1000, powerWatts: 100, throttled: false, contended: false };
const signal = new AbortController().signal;

/** A clock that the samples move by themselves. */
function logOf(samples: (index: number) => Partial<DeviceSample>, options: { readonly stepMs?: number } = {}) {
  let taken = 0;
  let waiting: { readonly count: number; readonly resolve: () => void } | undefined;
  const log = new DeviceLog({
    clock: { monotonicMs: () => taken * (options.stepMs ?? 1000), wallMs: () => 0 },
    signal,
    sampleEveryMs: 1,
    sampleDevices: () => {
      const sample = { ...idle, ...samples(taken) };
      taken += 1;
      if (waiting !== undefined && taken >= waiting.count) waiting.resolve();
      return Promise.resolve(sample);
    },
  });
  /** Work that ends once so many samples were taken. */
  const until = (count: number) =>
    new Promise<void>((resolve) => {
      waiting = { count, resolve };
      if (taken >= count) resolve();
    });
  return { log, until, taken: () => taken };
}

describe('DeviceLog', () => {
  it('knows nothing where there is no device to look at', async () => {
    const log = new DeviceLog({ sampleDevices: undefined, clock: { monotonicMs: () => 0, wallMs: () => 0 }, signal });

    expect(await log.during(() => Promise.resolve('done'))).toEqual({ value: 'done', flags: [] });
    expect(log.peakMemoryMiB).toBeUndefined();
    expect(log.energyJoules).toBeUndefined();
  });

  it('sees a peak and a mark that come and go while the work is done', async () => {
    const { log, until } = logOf((index) => (index === 3 ? { memoryUsedMiB: 5000.2, throttled: true } : {}));

    const { flags } = await log.during(() => until(6));

    expect(flags).toEqual(['throttled']);
    expect(log.peakMemoryMiB).toBe(5001);
  });

  it('adds up energy over the work alone', async () => {
    const { log, until, taken } = logOf(() => ({ powerWatts: 200 }));

    await log.during(() => until(8));
    const first = taken();
    await log.during(() => until(first + 8));

    // Every sample is a second after the one before; between the two spans nothing is counted.
    const seconds = first - 1 + (taken() - first - 1);
    expect(log.energyJoules).toBe(200 * seconds);
  });

  it('gives no energy from fewer than ten samples', async () => {
    const { log } = logOf(() => ({}));

    await log.during(() => Promise.resolve());

    expect(log.energyJoules).toBeUndefined();
  });

  it('bridges no gap in the power readings', async () => {
    const { log, until, taken } = logOf((index) => (index % 2 === 0 ? {} : { powerWatts: undefined }));

    await log.during(() => until(24));

    expect(taken()).toBeGreaterThanOrEqual(24);
    expect(log.energyJoules).toBe(0);
  });

  it('passes on what the work throws, and looks no more', async () => {
    const { log, until, taken } = logOf(() => ({}));

    const failing = log.during(async () => {
      await until(3);
      throw new Error('the engine died');
    });

    await expect(failing).rejects.toThrow('the engine died');
    const then = taken();
    await log.during(() => Promise.resolve());
    expect(taken()).toBeLessThanOrEqual(then + 2);
  });

  it('passes on the failure of a sample', async () => {
    const { log, until } = logOf((index) => {
      if (index === 2) throw new Error('the tool broke');
      return {};
    });

    const failing = log.during(() => Promise.race([until(3), new Promise((resolve) => setTimeout(resolve, 50))]));

    await expect(failing).rejects.toThrow('the tool broke');
  });
});
