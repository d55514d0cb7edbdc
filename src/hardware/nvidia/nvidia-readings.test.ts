import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readingsOfRow } from './nvidia-readings.ts';

const row = (cells: Record<string, string>): ReadonlyMap<string, string> => new Map(Object.entries(cells));

describe('readingsOfRow', () => {
  it('reads a busy card', () => {
    const busy = row({
      'memory.total': '81559',
      'memory.used': '1011',
      'memory.free': '80069',
      'utilization.gpu': '100',
      'temperature.gpu': '53',
      'power.draw': '695.77',
      'enforced.power.limit': '700.00',
      'clocks.current.sm': '1455',
      'clocks_event_reasons.active': '0x0000000000000004',
    });

    expect(readingsOfRow(busy)).toEqual({
      readings: {
        temperatureCelsius: 53,
        utilization: 1,
        memoryUsedMiB: 1011,
        memoryFreeMiB: 80_069,
        powerWatts: 695.77,
        powerLimitWatts: 700,
        smClockMHz: 1455,
        throttleReasons: ['sw_power_cap'],
      },
      invalid: [],
    });
  });

  it('allows used to exceed the total by the one that rounding adds, and no more', () => {
    expect(readingsOfRow(row({ 'memory.total': '100', 'memory.used': '101' })).readings.memoryUsedMiB).toBe(101);
    expect(readingsOfRow(row({ 'memory.total': '100', 'memory.used': '102' }))).toEqual({
      readings: {},
      invalid: ['memory.used'],
    });
  });

  it('names what was no possible value', () => {
    const { readings, invalid } = readingsOfRow(
      row({ 'temperature.gpu': '65535', 'power.draw': '39,32', 'utilization.gpu': '[N/A]', 'memory.used': '5' }),
    );

    expect(readings).toEqual({ memoryUsedMiB: 5 });
    expect(invalid).toEqual(['temperature.gpu', 'power.draw']);
  });

  it('gives finite numbers or nothing, whatever is in the cells', () => {
    const fields = ['memory.total', 'memory.used', 'memory.free', 'utilization.gpu', 'temperature.gpu', 'power.draw'];
    const cell = fc.oneof(fc.string(), fc.double().map(String), fc.constantFrom('[N/A]', 'ERR!', '4294967295'));
    fc.assert(
      fc.property(fc.array(cell, { minLength: fields.length, maxLength: fields.length }), (cells) => {
        const { readings } = readingsOfRow(new Map(fields.map((field, index) => [field, cells[index] ?? ''])));

        for (const value of Object.values(readings)) expect(Number.isFinite(value)).toBe(true);
      }),
    );
  });
});
