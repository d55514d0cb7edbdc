import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../api/clock.ts';
import type { RecordFlag } from '../api/record.ts';
import type { DeviceSample, SampleDevices } from './device-watch.ts';

/** Each sample starts the vendor's tool. With one before and one after, five runs have ten at least. */
const SAMPLE_EVERY_MS = 1000;
/** With fewer, energy would be guesswork. */
const MIN_POWER_SAMPLES = 10;

export interface DeviceLogOptions {
  /** Absent: there is no device to look at, and nothing is known. */
  readonly sampleDevices: SampleDevices | undefined;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly sampleEveryMs?: number;
}

/** What the devices did while runs were measured on them. */
export class DeviceLog {
  readonly #options: DeviceLogOptions;
  #peakMemoryMiB: number | undefined;
  #powerSamples = 0;
  #joules = 0;

  constructor(options: DeviceLogOptions) {
    this.#options = options;
  }

  /** The most memory seen in use; `undefined` when no sample told. */
  get peakMemoryMiB(): number | undefined {
    return this.#peakMemoryMiB;
  }

  /** Energy of all work watched so far; `undefined` with fewer than ten power samples. */
  get energyJoules(): number | undefined {
    return this.#powerSamples < MIN_POWER_SAMPLES ? undefined : this.#joules;
  }

  /** Samples before, while and after `work` is done. Its failure, or that of a sample, is passed on. */
  async during<T>(work: () => Promise<T>): Promise<{ readonly value: T; readonly flags: readonly RecordFlag[] }> {
    const { sampleDevices, signal } = this.#options;
    if (sampleDevices === undefined) return { value: await work(), flags: [] };

    const samples: TimedSample[] = [];
    const take = async () => {
      const sample = await sampleDevices(signal);
      samples.push({ ...sample, atMs: this.#options.clock.monotonicMs() });
    };
    await take();
    const over = new AbortController();
    const watching = this.#repeat(take, over.signal).then(
      () => undefined,
      (error: unknown) => ({ error }),
    );
    let value: T;
    try {
      value = await work();
    } finally {
      over.abort();
      await watching;
    }
    const failed = await watching;
    if (failed !== undefined) throw failed.error;
    await take();
    this.#add(samples);
    return { value, flags: flagsOf(samples) };
  }

  async #repeat(take: () => Promise<void>, over: AbortSignal): Promise<void> {
    while (await pause(this.#options.sampleEveryMs ?? SAMPLE_EVERY_MS, over)) await take();
  }

  #add(samples: readonly TimedSample[]): void {
    for (const [index, { memoryUsedMiB, powerWatts, atMs }] of samples.entries()) {
      if (memoryUsedMiB !== undefined) {
        this.#peakMemoryMiB = Math.max(this.#peakMemoryMiB ?? 0, Math.ceil(memoryUsedMiB));
      }
      if (powerWatts === undefined) continue;
      this.#powerSamples += 1;
      const last = samples[index - 1];
      if (last?.powerWatts === undefined) continue;
      this.#joules += (((last.powerWatts + powerWatts) / 2) * Math.max(0, atMs - last.atMs)) / 1000;
    }
  }
}

type TimedSample = DeviceSample & { readonly atMs: number };

/** False when the end came before the time was over. */
async function pause(ms: number, over: AbortSignal): Promise<boolean> {
  try {
    await sleep(ms, undefined, { signal: over, ref: false });
    return true;
  } catch (error) {
    if (over.aborted) return false;
    throw error;
  }
}

function flagsOf(samples: readonly DeviceSample[]): readonly RecordFlag[] {
  return [
    ...(samples.some((sample) => sample.throttled) ? (['throttled'] as const) : []),
    ...(samples.some((sample) => sample.contended) ? (['contended'] as const) : []),
  ];
}
