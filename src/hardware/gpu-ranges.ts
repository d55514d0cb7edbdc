/** Values outside are no measurements: drivers write all-ones and -1 for "unknown". Both ends belong to it. */
export interface NumberRange {
  readonly min: number;
  readonly max: number;
}

/** What a sensor can sensibly say. Values outside are the driver's ways of writing "unknown". */
export const TEMPERATURE_CELSIUS: NumberRange = { min: -40, max: 150 };
export const UTILIZATION_PERCENT: NumberRange = { min: 0, max: 100 };
export const POWER_WATTS: NumberRange = { min: 0, max: 3000 };
export const CLOCK_MHZ: NumberRange = { min: 0, max: 10_000 };
/** Up to 16 TiB on one device. */
export const MEMORY_MIB: NumberRange = { min: 0, max: 16 * 1024 * 1024 };
