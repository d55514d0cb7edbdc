import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cpuUtilization, parseCpuTimes } from './cpu-times.ts';

describe('parseCpuTimes', () => {
  it('adds up the first line of /proc/stat', () => {
    const stat = 'cpu  100 10 50 800 20 5 5 10 70 0\ncpu0 50 5 25 400 10 2 3 5 35 0\nintr 1\n';

    expect(parseCpuTimes(stat)).toEqual({ busy: 180, total: 1000 });
  });

  it.each(['', 'cpu', 'cpu  1 2 x 4', 'intr 1 2 3 4 5', 'cpu  1 2 3'])('does not read %j', (text) => {
    expect(parseCpuTimes(text)).toBeUndefined();
  });

  it('never gives what is no number', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const times = parseCpuTimes(`cpu  ${text}`);

        expect(times === undefined || Number.isFinite(times.busy + times.total)).toBe(true);
      }),
    );
  });
});

describe('cpuUtilization', () => {
  it('is the share of the time between two moments', () => {
    expect(cpuUtilization({ busy: 100, total: 1000 }, { busy: 150, total: 1200 })).toBe(0.25);
  });

  it('is unknown when no time has passed or counters went back', () => {
    expect(cpuUtilization({ busy: 1, total: 10 }, { busy: 1, total: 10 })).toBeUndefined();
    expect(cpuUtilization({ busy: 5, total: 10 }, { busy: 1, total: 20 })).toBeUndefined();
  });
});
