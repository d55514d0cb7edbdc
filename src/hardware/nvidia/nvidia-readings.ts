import {
  CLOCK_MHZ,
  MEMORY_MIB,
  type NumberRange,
  POWER_WATTS,
  TEMPERATURE_CELSIUS,
  UTILIZATION_PERCENT,
} from '../gpu-ranges.ts';
import type { GpuReadings } from '../inventory.ts';
import { parseCellMask, parseCellNumber } from './smi-cell.ts';
import type { SmiRow } from './smi-table.ts';
import { throttleReasons } from './throttle-reasons.ts';

export interface ReadRow {
  readonly readings: GpuReadings;
  /** Fields whose text was no possible value; they are absent from the readings. */
  readonly invalid: readonly string[];
}

/** The readings in one row. A cell without a value leaves its reading out; the others are kept. */
export function readingsOfRow(row: SmiRow): ReadRow {
  const invalid: string[] = [];
  const number = (field: string, range: NumberRange): number | undefined => {
    const cell = row.get(field);
    if (cell === undefined) return undefined;
    const parsed = parseCellNumber(cell, range);
    if (parsed.value === undefined && parsed.invalid) invalid.push(field);
    return parsed.value;
  };
  const temperature = number('temperature.gpu', TEMPERATURE_CELSIUS);
  const percent = number('utilization.gpu', UTILIZATION_PERCENT);
  const total = number('memory.total', MEMORY_MIB);
  const used = number('memory.used', MEMORY_MIB);
  const free = number('memory.free', MEMORY_MIB);
  const power = number('power.draw', POWER_WATTS);
  const limit = number('enforced.power.limit', POWER_WATTS);
  const clock = number('clocks.current.sm', CLOCK_MHZ);
  const mask = parseCellMask(row.get('clocks_event_reasons.active') ?? '');
  // Each figure is rounded up by itself, so used may exceed the total by one.
  const usedFits = used !== undefined && (total === undefined || used <= total + 1);
  if (used !== undefined && !usedFits) invalid.push('memory.used');
  return {
    readings: {
      ...(temperature === undefined ? {} : { temperatureCelsius: temperature }),
      ...(percent === undefined ? {} : { utilization: percent / 100 }),
      ...(usedFits ? { memoryUsedMiB: used } : {}),
      ...(free === undefined ? {} : { memoryFreeMiB: free }),
      ...(power === undefined ? {} : { powerWatts: power }),
      ...(limit === undefined ? {} : { powerLimitWatts: limit }),
      ...(clock === undefined ? {} : { smClockMHz: clock }),
      ...(mask === undefined ? {} : { throttleReasons: throttleReasons(mask) }),
    },
    invalid,
  };
}
