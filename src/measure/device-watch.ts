import type { GpuDevice, GpuReadings } from '../hardware/inventory.ts';
import { Hardware } from '../hardware/probe-hardware.ts';
import { isThrottled } from '../hardware/throttling.ts';
import { hasStrangers } from './strangers.ts';

/** One look at the devices a benchmark runs on. What the driver did not tell is absent. */
export interface DeviceSample {
  readonly memoryUsedMiB: number | undefined;
  readonly powerWatts: number | undefined;
  /** Heat, or hardware that protects itself, holds the clocks down. */
  readonly throttled: boolean;
  /** Somebody else computes on the device. */
  readonly contended: boolean;
}

export type SampleDevices = (signal: AbortSignal) => Promise<DeviceSample>;

/**
 * Reads the GPUs of one replica. Sums are over its GPUs, and absent when one of them does not tell.
 *
 * @param enginePid the engine's own process, whose presence on the device is no contention
 * @param hardware what asks the drivers
 */
export function sampleGpus(
  gpus: readonly GpuDevice[],
  enginePid: number | undefined,
  hardware: Hardware = new Hardware(),
): SampleDevices {
  const addresses = new Set(gpus.map((gpu) => gpu.pciAddress));
  return async (signal) => {
    const [sample, others] = await Promise.all([hardware.readGpus(gpus, signal), hardware.gpuProcesses(gpus, signal)]);
    const readings: (GpuReadings | undefined)[] = gpus.map((gpu) => sample.readings.get(gpu.pciAddress));
    // A driver tells of all its devices.
    const onThese = others.processes.filter((process) => addresses.has(process.pciAddress));
    return {
      memoryUsedMiB: sum(readings.map((reading) => reading?.memoryUsedMiB)),
      powerWatts: sum(readings.map((reading) => reading?.powerWatts)),
      throttled: readings.some((reading) => reading !== undefined && isThrottled(reading)),
      contended: await hasStrangers(onThese, enginePid),
    };
  };
}

/** `undefined` as soon as one value is, and for no values at all: unknown is not zero. */
function sum(values: readonly (number | undefined)[]): number | undefined {
  return values.reduce<number | undefined>(
    (total, value) => (total === undefined || value === undefined ? undefined : total + value),
    values.length === 0 ? undefined : 0,
  );
}
