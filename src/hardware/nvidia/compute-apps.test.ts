import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseComputeApps } from './compute-apps.ts';

const HEADER = 'gpu_bus_id, pid, used_gpu_memory [MiB], process_name\n';

describe('parseComputeApps', () => {
  it('reads processes, with a comma in a name and without their memory', () => {
    const text = `${HEADER}00000000:00:06.0, 565, 1002, python3\n00000000:00:07.0, 566, [N/A], run, twice\n`;

    expect(parseComputeApps(text)).toEqual([
      { pciAddress: '0000:00:06.0', pid: 565, name: 'python3', memoryMiB: 1002 },
      { pciAddress: '0000:00:07.0', pid: 566, name: 'run, twice' },
    ]);
  });

  it('knows an idle device from no answer', () => {
    expect(parseComputeApps(HEADER)).toEqual([]);
    expect(parseComputeApps('No devices were found\n')).toBeUndefined();
    expect(parseComputeApps('')).toBeUndefined();
  });

  it('leaves out a row without a device or a process', () => {
    expect(parseComputeApps(`${HEADER}[N/A], 1, 2, a\n00000000:00:06.0, x, 2, a\n`)).toEqual([]);
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (cells) => {
        expect(Array.isArray(parseComputeApps(`${HEADER}${cells.join(', ')}\n`))).toBe(true);
      }),
    );
  });
});
