import { describe, expect, it } from 'vitest';
import { hostFiles } from '../host-files.ts';
import type { HostTree } from '../testing/host-tree.ts';
import { installMachine } from '../testing/install-machine.ts';
import { type MemoryAllowance, parseMemoryBytes, parseMemoryStat, readMemoryAllowance } from './memory-limit.ts';

async function allowance(membership: string, tree: HostTree): Promise<MemoryAllowance | undefined> {
  await using machine = await installMachine({ tree });
  return await readMemoryAllowance(hostFiles(machine.options.hostRoot), membership, '');
}

describe('parseMemoryBytes', () => {
  it.each([
    ['1048576\n', 1_048_576],
    ['max\n', undefined],
    ['9223372036854771712\n', undefined],
    ['18446744073709551615', undefined],
    ['-1', undefined],
    ['', undefined],
  ])('reads %j', (text, bytes) => {
    expect(parseMemoryBytes(text)).toBe(bytes);
  });
});

describe('parseMemoryStat', () => {
  it('takes the line with exactly that name', () => {
    const text = 'inactive_file 4096\ntotal_inactive_file 8192\n';

    expect(parseMemoryStat(text, 'inactive_file')).toBe(4096);
    expect(parseMemoryStat(text, 'total_inactive_file')).toBe(8192);
    expect(parseMemoryStat(text, 'active_file')).toBeUndefined();
  });
});

describe('readMemoryAllowance', () => {
  it('takes the tightest limit and the least that is free, from different groups', async () => {
    const tree = {
      '/sys/fs/cgroup/pods/memory.max': '4000000\n',
      '/sys/fs/cgroup/pods/memory.current': '3900000\n',
      '/sys/fs/cgroup/pods/memory.stat': 'inactive_file 400000\n',
      '/sys/fs/cgroup/pods/one/memory.max': '1000000\n',
      '/sys/fs/cgroup/pods/one/memory.current': '100000\n',
    };

    expect(await allowance('0::/pods/one\n', tree)).toEqual({ limitBytes: 1_000_000, freeBytes: 500_000 });
  });

  it('reads version 1, where the file cache is counted over the whole subtree', async () => {
    const tree = {
      '/sys/fs/cgroup/memory/memory.limit_in_bytes': '2000000\n',
      '/sys/fs/cgroup/memory/memory.usage_in_bytes': '500000\n',
      '/sys/fs/cgroup/memory/memory.stat': 'inactive_file 1\ntotal_inactive_file 200000\n',
    };

    expect(await allowance('4:memory:/\n', tree)).toEqual({ limitBytes: 2_000_000, freeBytes: 1_700_000 });
  });

  it('knows the limit even when the use cannot be read', async () => {
    expect(await allowance('0::/\n', { '/sys/fs/cgroup/memory.max': '5000000\n' })).toEqual({ limitBytes: 5_000_000 });
  });

  it('is none when no group sets a limit', async () => {
    expect(await allowance('0::/a\n', { '/sys/fs/cgroup/a/memory.max': 'max\n' })).toBeUndefined();
  });
});
