import { describe, expect, it } from 'vitest';
import { hostFiles } from '../host-files.ts';
import type { MemoryInventory } from '../inventory.ts';
import type { ProbeResult } from '../probe.ts';
import type { HostTree } from '../testing/host-tree.ts';
import { installMachine } from '../testing/install-machine.ts';
import { memoryProbe } from './memory-probe.ts';

const GIB = 1024 ** 3;
const meminfo = { '/proc/meminfo': 'MemTotal: 16777216 kB\nMemAvailable: 8388608 kB\n', '/proc/self/cgroup': '0::/\n' };

async function probe(tree: HostTree): Promise<ProbeResult<MemoryInventory>> {
  await using machine = await installMachine({ tree });
  return await memoryProbe.probe({ files: hostFiles(machine.options.hostRoot) });
}

describe('memoryProbe', () => {
  it('takes the machine as it is without a limit', async () => {
    expect(await probe(meminfo)).toEqual({ value: { totalMiB: 16_384, availableMiB: 8192 }, problems: [] });
  });

  it('is narrowed by the limit of its cgroup', async () => {
    const { value } = await probe({
      ...meminfo,
      '/sys/fs/cgroup/memory.max': `${4 * GIB}\n`,
      '/sys/fs/cgroup/memory.current': `${GIB}\n`,
    });

    expect(value).toEqual({ totalMiB: 4096, availableMiB: 3072 });
  });

  it('has no more available than the machine has, whatever the limit', async () => {
    const { value } = await probe({
      ...meminfo,
      '/sys/fs/cgroup/memory.max': `${64 * GIB}\n`,
      '/sys/fs/cgroup/memory.current': '0\n',
    });

    expect(value).toEqual({ totalMiB: 16_384, availableMiB: 8192 });
  });

  it('falls back on what Node knows of the machine, and says so', async () => {
    const { value, problems } = await probe({});

    expect(value.totalMiB).toBeGreaterThan(0);
    expect(problems).toEqual([{ source: 'memory', reason: 'unreadable', detail: '/proc/meminfo: ENOENT' }]);
  });
});
