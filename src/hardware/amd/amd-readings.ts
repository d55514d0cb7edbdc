import {
  CLOCK_MHZ,
  MEMORY_MIB,
  type NumberRange,
  POWER_WATTS,
  TEMPERATURE_CELSIUS,
  UTILIZATION_PERCENT,
} from '../gpu-ranges.ts';
import type { HostFiles } from '../host-files.ts';
import type { GpuReadings } from '../inventory.ts';
import { readHwmon } from './hwmon.ts';
import { readSysfsNumber } from './sysfs-number.ts';

const MIB = 1024 * 1024;

/** @param directory sysfs directory of the PCI device */
export async function readAmdReadings(files: HostFiles, directory: string): Promise<GpuReadings> {
  // Most of these files wake a card that sleeps. A sleeping card has nothing to report.
  const runtime = await files.read(`${directory}/power/runtime_status`);
  if (runtime.text?.trim() === 'suspended') return {};
  const hwmon = await readHwmon(files, directory);
  // Busy, not permitted, not supported: every error of this file means the same, that there is no value now.
  const percent = within(await readSysfsNumber(files, `${directory}/gpu_busy_percent`), UTILIZATION_PERCENT);
  const totalBytes = await readSysfsNumber(files, `${directory}/mem_info_vram_total`);
  const usedBytes = await readSysfsNumber(files, `${directory}/mem_info_vram_used`);
  const used = usedBytes === undefined ? undefined : within(Math.ceil(usedBytes / MIB), MEMORY_MIB);
  const free =
    usedBytes === undefined || totalBytes === undefined || totalBytes < usedBytes
      ? undefined
      : within(Math.floor((totalBytes - usedBytes) / MIB), MEMORY_MIB);
  const temperature = within(hwmon.temperatureCelsius, TEMPERATURE_CELSIUS);
  const power = within(hwmon.powerWatts, POWER_WATTS);
  const limit = within(hwmon.powerLimitWatts, POWER_WATTS);
  const clock = within(hwmon.smClockMHz, CLOCK_MHZ);
  return {
    ...(temperature === undefined ? {} : { temperatureCelsius: temperature }),
    ...(percent === undefined ? {} : { utilization: percent / 100 }),
    ...(used === undefined ? {} : { memoryUsedMiB: used }),
    ...(free === undefined ? {} : { memoryFreeMiB: free }),
    ...(power === undefined ? {} : { powerWatts: power }),
    ...(limit === undefined ? {} : { powerLimitWatts: limit }),
    ...(clock === undefined ? {} : { smClockMHz: clock }),
  };
}

function within(value: number | undefined, range: NumberRange): number | undefined {
  return value !== undefined && value >= range.min && value <= range.max ? value : undefined;
}
