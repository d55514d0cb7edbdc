import { describe, expect, it } from 'vitest';
import { throttleReasons } from './nvidia/throttle-reasons.ts';
import { isThrottled } from './throttling.ts';

describe('isThrottled', () => {
  it('is true for heat and for hardware that protects itself', () => {
    for (const bit of [0x8n, 0x20n, 0x40n, 0x80n]) {
      expect(isThrottled({ throttleReasons: throttleReasons(bit | 0x4n) })).toBe(true);
    }
  });

  it('is false for a power cap, for clocks that were set, for no reason and for no answer', () => {
    expect(isThrottled({ throttleReasons: throttleReasons(0x4n | 0x2n | 0x10n) })).toBe(false);
    expect(isThrottled({ throttleReasons: [] })).toBe(false);
    expect(isThrottled({})).toBe(false);
  });
});
