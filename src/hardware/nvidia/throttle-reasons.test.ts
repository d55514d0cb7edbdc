import { describe, expect, it } from 'vitest';
import { h100Capture } from '../testing/captures.ts';
import { throttleReasons } from './throttle-reasons.ts';

describe('throttleReasons', () => {
  it('is empty for a running and for an idle card', () => {
    expect(throttleReasons(0n)).toEqual([]);
    expect(throttleReasons(1n)).toEqual([]);
  });

  it('names several at once', () => {
    expect(throttleReasons(0x44n)).toEqual(['sw_power_cap', 'hw_thermal_slowdown']);
  });

  it('uses the tool’s own words, bit 8 apart, which has no field', () => {
    const listed = h100Capture('smi-help-query.txt');

    for (const word of throttleReasons(0xffn)) expect(listed).toContain(`"clocks_event_reasons.${word}"`);
  });
});
