import type { GpuReadings } from './inventory.ts';

/**
 * Reasons that come and go and make one run unlike the next: heat, and hardware that protects itself. A power cap and
 * clocks that somebody has set belong to how the device is run, every day alike, and disturb no comparison.
 */
const PASSING = new Set(['hw_slowdown', 'sw_thermal_slowdown', 'hw_thermal_slowdown', 'hw_power_brake_slowdown']);

/** Whether a measurement taken now would say less than the device can do. False when the driver does not tell. */
export function isThrottled(readings: GpuReadings): boolean {
  return (readings.throttleReasons ?? []).some((reason) => PASSING.has(reason));
}
