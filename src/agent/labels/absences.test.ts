import { describe, expect, it } from 'vitest';
import { LabelAbsences, type Look } from './absences.ts';

const look = (labels: Readonly<Record<string, string>>, gpusCertain = true, cpuCertain = true): Look => ({
  labels,
  gpusCertain,
  cpuCertain,
});
const THERE = look({ 'gpu.vendor': 'AMD' });
const GONE = look({});
const BROKEN = look({}, false);

function after(...looks: readonly Look[]): LabelAbsences {
  const absences = new LabelAbsences();
  for (const each of looks) absences.observe(each);
  return absences;
}

describe('LabelAbsences', () => {
  it('8: allows a removal after three clean looks, not before', () => {
    expect(after(THERE, GONE, GONE).mayRemove('gpu.vendor')).toBe(false);
    expect(after(THERE, GONE, GONE, GONE).mayRemove('gpu.vendor')).toBe(true);
  });

  it('9: counts no failed look', () => {
    expect(after(GONE, BROKEN, BROKEN, BROKEN, GONE).mayRemove('gpu.vendor')).toBe(false);
    expect(after(GONE, BROKEN, GONE, BROKEN, GONE).mayRemove('gpu.vendor')).toBe(true);
  });

  it('65: begins anew when the device is back', () => {
    expect(after(GONE, GONE, THERE, GONE, GONE).mayRemove('gpu.vendor')).toBe(false);
  });

  it('lets values change when everything can be seen', () => {
    expect(after(THERE).mayChange('gpu.count')).toBe(true);
    expect(after(THERE).mayChange('cpu.level')).toBe(true);
  });

  it('trusts an earlier agent for a while when the driver fails just after the start', () => {
    expect(after(BROKEN, BROKEN, BROKEN).mayChange('gpu.count')).toBe(false);
    expect(after(BROKEN, BROKEN, BROKEN, BROKEN).mayChange('gpu.count')).toBe(true);
  });

  it('53: never changes what is said of the processor without having seen it', () => {
    const blind = look({}, true, false);

    expect(after(blind, blind, blind, blind, blind).mayChange('cpu.avx512')).toBe(false);
    expect(after(blind, blind, blind, blind).mayRemove('cpu.level')).toBe(false);
  });
});
