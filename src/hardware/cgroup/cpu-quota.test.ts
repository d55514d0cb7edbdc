import { describe, expect, it } from 'vitest';
import { hostFiles } from '../host-files.ts';
import type { HostTree } from '../testing/host-tree.ts';
import { installMachine } from '../testing/install-machine.ts';
import { parseCfsQuota, parseCpuMax, readCpuQuota } from './cpu-quota.ts';

async function quota(membership: string, tree: HostTree): Promise<number | undefined> {
  await using machine = await installMachine({ tree });
  return await readCpuQuota(hostFiles(machine.options.hostRoot), membership, '');
}

describe('parseCpuMax', () => {
  it.each([
    ['150000 100000\n', 1.5],
    ['50000', 0.5],
    ['max 100000', undefined],
    ['0 100000', undefined],
    ['100000 0', undefined],
    ['nonsense', undefined],
    ['', undefined],
  ])('reads %j', (text, cores) => {
    expect(parseCpuMax(text)).toBe(cores);
  });
});

describe('parseCfsQuota', () => {
  it.each([
    ['200000\n', '100000\n', 2],
    ['-1\n', '100000\n', undefined],
    ['200000', '0', undefined],
    ['', '', undefined],
  ])('reads %j of %j', (quotaText, period, cores) => {
    expect(parseCfsQuota(quotaText, period)).toBe(cores);
  });
});

describe('readCpuQuota', () => {
  it('takes the tightest quota on the way up', async () => {
    const tree = {
      '/sys/fs/cgroup/pods/cpu.max': '150000 100000\n',
      '/sys/fs/cgroup/pods/one/cpu.max': 'max 100000\n',
      '/sys/fs/cgroup/pods/one/c/cpu.max': '400000 100000\n',
    };

    expect(await quota('0::/pods/one/c\n', tree)).toBe(1.5);
  });

  it('reads version 1', async () => {
    const tree = {
      '/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us': '50000\n',
      '/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us': '100000\n',
      '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us': '-1\n',
      '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us': '100000\n',
    };

    expect(await quota('7:cpu,cpuacct:/a\n', tree)).toBe(0.5);
  });

  it('is none without limits, and without cgroups', async () => {
    expect(await quota('0::/\n', {})).toBeUndefined();
    expect(await quota('', {})).toBeUndefined();
  });
});
